import type { CaaRecord, DnsResolver } from './dns-resolver.ts';

/** The CAA records that hold for a name, and where they stand. */
export interface RelevantCaa {
  /** The name itself, or the nearest one above it that has records. */
  readonly at: string;
  readonly records: readonly CaaRecord[];
}

/** Tags that a CA knows (RFC 8659 sections 4.2-4.4, RFC 8657 has no own, RFC 9495, CA/B Forum's contacts). */
const KNOWN_TAGS = new Set([
  'issue',
  'issuewild',
  'iodef',
  'issuemail',
  'issuevmc',
  'contactemail',
  'contactphone',
]);

/** Climbs from a name (a wildcard's own name is the one below `*.`) to the top until one has CAA records (RFC 8659 section 3). */
export async function findCaa(resolver: DnsResolver, name: string): Promise<RelevantCaa | null> {
  const labels = name.replace(/^\*\./, '').split('.');
  for (let from = 0; from < labels.length; from += 1) {
    const at = labels.slice(from).join('.');
    const { records } = await resolver.lookUp(at, 'CAA');
    if (records.length > 0) return { at, records };
  }
  return null;
}

/**
 * The record that keeps a CA from issuing for a name, as it stands in a zone; null where none does. `identities` are the
 * domain names of the CA; where it names none, only records that forbid every CA count.
 */
export function findForbiddingRecord(
  caa: RelevantCaa | null,
  isWildcard: boolean,
  identities: readonly string[],
): string | null {
  if (caa === null) return null;
  const unknown = caa.records.find(({ tag, isCritical }) => isCritical && !KNOWN_TAGS.has(tag));
  if (unknown !== undefined) return writeCaaRecord(caa.at, unknown);
  const wild = caa.records.filter(({ tag }) => tag === 'issuewild');
  const deciding = isWildcard && wild.length > 0 ? wild : caa.records.filter(({ tag }) => tag === 'issue');
  const [first] = deciding;
  if (first === undefined) return null;
  const named = deciding.map(({ value }) => (value.split(';')[0] ?? '').trim().toLowerCase());
  const isAllowed =
    identities.length === 0
      ? named.some((domain) => domain !== '')
      : named.some((domain) => identities.includes(domain));
  return isAllowed ? null : deciding.map((record) => writeCaaRecord(caa.at, record)).join(', ');
}

/** A record as it stands in a zone. */
export function writeCaaRecord(at: string, { tag, value, isCritical }: CaaRecord): string {
  return `${at}. CAA ${isCritical ? 128 : 0} ${tag} "${value}"`;
}
