import {
  challengeNameOf,
  type DnsFindings,
  type HostnameProof,
  type PublicEdge,
  shortAddressOf,
} from '@postern/contracts';
import { findCaa, writeCaaRecord } from '../dns/caa.ts';
import { DnsFailure, type DnsResolver } from '../dns/dns-resolver.ts';

/** CNAME records that are followed, one after the other; resolvers give up at about as many. */
const CNAMES_MAX = 8;
/** Records of one kind that are kept, and characters of each: whoever owns a name may fill its zone. */
const RECORDS_MAX = 20;
const TEXT_CHARS_MAX = 255;

export interface HostnameLook {
  readonly found: DnsFindings;
  /** Null: nothing verifies the name; undefined: a server failed, so that nobody knows. */
  readonly proof: HostnameProof | null | undefined;
}

/**
 * Looks in DNS for what verifies a name: a CNAME record that leads to the edges, one of their addresses, or the TXT record of its
 * project, which alone counts for a wildcard. Also finds the CAA records, for people. Never fails.
 */
export async function lookAtHostname(
  resolver: DnsResolver,
  { name, token }: { readonly name: string; readonly token: string },
  edge: PublicEdge,
): Promise<HostnameLook> {
  const failures: string[] = [];
  const orNothing = async <T>(asking: Promise<T>, nothing: T): Promise<T> => {
    try {
      return await asking;
    } catch (error) {
      if (!(error instanceof DnsFailure)) throw error;
      failures.push(error.message.slice(0, TEXT_CHARS_MAX));
      return nothing;
    }
  };
  const isWildcard = name.startsWith('*.');
  const [cname, addresses, txt] = await Promise.all([
    isWildcard ? [] : orNothing(followCnames(resolver, name), []),
    isWildcard ? [] : orNothing(addressesOf(resolver, name), []),
    orNothing(textsOf(resolver, challengeNameOf(name)), []),
  ]);
  const isKnown = failures.length === 0;
  const caa = await orNothing(findCaa(resolver, name), null);
  const found = {
    ...{ cname: bounded(cname), addresses: bounded(addresses), txt: bounded(txt), failures },
    caa:
      caa === null
        ? null
        : { at: caa.at, records: bounded(caa.records.map((record) => writeCaaRecord(caa.at, record))) },
  };
  return { found, proof: proofIn({ cname, addresses, txt }, token, edge) ?? (isKnown ? null : undefined) };
}

function proofIn(
  { cname, addresses, txt }: Pick<DnsFindings, 'cname' | 'addresses' | 'txt'>,
  token: string,
  edge: PublicEdge,
): HostnameProof | undefined {
  if (edge.name !== null && cname.includes(edge.name)) return 'cname';
  if (addresses.some((address) => edge.addresses.includes(address))) return 'address';
  return txt.includes(token) ? 'txt' : undefined;
}

/** The names that CNAME records lead to, the nearest first. */
async function followCnames(resolver: DnsResolver, name: string): Promise<string[]> {
  const path: string[] = [];
  while (path.length < CNAMES_MAX) {
    const { records } = await resolver.lookUp(path.at(-1) ?? name, 'CNAME');
    const next = records[0]?.toLowerCase().replace(/\.$/, '');
    if (next === undefined || next === '' || next === name || path.includes(next)) break;
    path.push(next);
  }
  return path;
}

async function addressesOf(resolver: DnsResolver, name: string): Promise<string[]> {
  const [a, aaaa] = await Promise.all([resolver.lookUp(name, 'A'), resolver.lookUp(name, 'AAAA')]);
  return [...a.records, ...aaaa.records].map(shortAddressOf);
}

async function textsOf(resolver: DnsResolver, name: string): Promise<string[]> {
  const { records } = await resolver.lookUp(name, 'TXT');
  return records;
}

function bounded(texts: readonly string[]): string[] {
  return texts.slice(0, RECORDS_MAX).map((text) => text.slice(0, TEXT_CHARS_MAX));
}
