import type { RevocationEntry } from '@postern/contracts';
import type { RevocationList } from '@postern/pki';
import type { ClientBundle } from '../client-path.ts';
import type { JudgeRevocation, RevocationFinding } from '../evaluation-input.ts';
import type { PathCertificate } from '../path/path-result.ts';
import { type CertificateFacts, factsOf } from './certificate-facts.ts';
import type { RevocationIndex } from './revocation-index.ts';

/** A revocation list whose signature has been checked, and what its owner wants of it. */
export interface CheckedList {
  /** Name of the secret, or its id. */
  readonly name: string;
  /** What happens to clients of its issuer while it is too old: `hard` refuses them, `soft` admits them. */
  readonly policy: 'hard' | 'soft';
  readonly list: RevocationList;
  /** The key that signed it: DER of a SubjectPublicKeyInfo. */
  readonly signerKeyDer: Buffer;
}

/** What decides about the revocation of the clients of one host. */
export interface RevocationPolicy {
  /** Null: nothing is revoked by name, serial number or fingerprint. */
  readonly index: RevocationIndex | null;
  readonly lists: readonly CheckedList[];
  /** Name of the host's route. */
  readonly route: string;
  /** The bundles the host trusts, called by their ids. */
  readonly bundles: readonly ClientBundle[];
}

/**
 * Makes the judge of one host: every certificate of a path but its anchor is looked up in the lists of its issuer, and each, the anchor
 * too, among the revocations.
 *
 * A list counts for a certificate where name and key of the issuer are those that signed the list, so that a CA of the same name
 * with another key has no say.
 */
export function revocationJudge(policy: RevocationPolicy): JudgeRevocation {
  return (path, now) => {
    const anchor = path.at(-1);
    const vouchers = anchor === undefined ? new Set<string>() : vouchersOf(anchor, policy.bundles);
    return path.map((certificate, position) => {
      const facts = factsOf(certificate.der);
      const revoked = policy.index
        ?.find(facts, position === 0)
        .find((entry) => applies(entry, policy.route, vouchers));
      if (revoked !== undefined) return finding(position, 'certificate_revoked', wordsOf(revoked));
      const issuer = path[position + 1];
      if (issuer === undefined) return finding(position, null, 'not among the revocations');
      return askLists(facts, position, factsOf(issuer.der), policy.lists, now);
    });
  };
}

/** Ids of the bundles that hold this anchor. */
function vouchersOf(anchor: PathCertificate, bundles: RevocationPolicy['bundles']): Set<string> {
  const { fingerprint, subjectKey } = factsOf(anchor.der);
  return new Set(
    bundles
      .filter(
        ({ anchors }) =>
          anchors.bySubject
            .get(subjectKey)
            ?.some(({ fields }) => factsOf(fields.der).fingerprint === fingerprint) === true,
      )
      .map(({ name }) => name),
  );
}

function applies(entry: RevocationEntry, route: string, vouchers: ReadonlySet<string>): boolean {
  return (entry.route === null || entry.route === route) && (entry.ca === null || vouchers.has(entry.ca));
}

function askLists(
  certificate: CertificateFacts,
  position: number,
  issuer: CertificateFacts,
  lists: readonly CheckedList[],
  now: number,
): RevocationFinding {
  let validUntil = Number.POSITIVE_INFINITY;
  let detail = 'not among the revocations; no list of its issuer is known here';
  let stale: RevocationFinding | undefined;
  for (const checked of lists) {
    const { list, name } = checked;
    if (!speaksOf(checked, certificate, issuer)) continue;
    if (list.has(certificate.serialNumber))
      return finding(position, 'certificate_revoked', `it is on the list ${name}`);
    const isFresh = list.nextUpdate === null || now < list.nextUpdate;
    if (isFresh) {
      detail = `not on the list ${name}`;
      validUntil = Math.min(validUntil, list.nextUpdate ?? validUntil);
      continue;
    }
    detail = `not on the list ${name}, which is stale since ${new Date(list.nextUpdate ?? 0).toISOString()}`;
    if (checked.policy === 'hard') stale = finding(position, 'crl_stale', detail);
  }
  return stale ?? { position, reason: null, detail, validUntil };
}

function speaksOf(
  { list, signerKeyDer }: CheckedList,
  certificate: CertificateFacts,
  issuer: CertificateFacts,
): boolean {
  if (list.scope !== 'all' && (list.scope === 'ca') !== certificate.isCa) return false;
  return list.issuer.key === certificate.issuerKey && signerKeyDer.equals(issuer.publicKeyDer);
}

function finding(position: number, reason: RevocationFinding['reason'], detail: string): RevocationFinding {
  return { position, reason, detail, validUntil: Number.POSITIVE_INFINITY };
}

function wordsOf({ client, reason, id }: RevocationEntry): string {
  const by = { fingerprint: 'fingerprint', serial: 'serial number and issuer', subject: 'name' }[client.by];
  return `it is revoked by its ${by} (${reason}, revocation ${id})`;
}
