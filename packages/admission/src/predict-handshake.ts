import { type CertificateFields, KEY_USAGE, readCertificateFields } from '@postern/pki/plain';
import type { PresentedClient } from './evaluation-input.ts';
import { type AnchorSet, readAnchors } from './path/path-node.ts';
import { isKeyOf } from './path/path-search.ts';
import { validatePath } from './path/validate-path.ts';

/** Certificates on OpenSSL's way: its default depth of 100, and both ends. */
const PATH_MAX = 102;

/** An extension that OpenSSL knows, and does not look at here. */
const POLICY_CONSTRAINTS = '2.5.29.36';

/**
 * Says what an edge would see of a chain file in a handshake: all of it, and what OpenSSL would say of it there. Pure.
 *
 * For everyone who has no handshake: a certificate without its key cannot make one. Follows how OpenSSL 3.5 chooses issuers
 * (build_chain in crypto/x509/x509_vfy.c: trusted ones first, one way up, none back). The way chosen is judged by our own rules, less
 * those of which OpenSSL has none. Held against real handshakes by predict-handshake.test.ts. `now` is milliseconds since 1970.
 */
export function predictHandshake(
  chain: readonly Buffer[],
  { nodes }: AnchorSet,
  now: number,
): PresentedClient {
  const anchors = nodes.map(({ fields }) => fields);
  const [leaf, ...sent] = chain.flatMap((der) => read(der));
  const [first] = chain;
  // What cannot be read at all is refused by our own validation, whatever OpenSSL makes of it.
  if (leaf === undefined || first === undefined || !leaf.der.equals(first))
    return { chain, openssl: { good: true } };
  const way = chosenByOpenSsl(leaf, sent, anchors, now);
  if (isGoodWay(way, now)) return { chain, openssl: { good: true } };
  const end = way === null ? 'comes to no trusted CA' : 'is not valid';
  const detail = `it goes up one way alone, and that ${end}`;
  return { chain, openssl: { good: false, code: 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY', detail } };
}

/** The way that OpenSSL takes, anchor last; null where it comes to no anchor. */
function chosenByOpenSsl(
  leaf: CertificateFields,
  sent: readonly CertificateFields[],
  anchors: readonly CertificateFields[],
  now: number,
): CertificateFields[] | null {
  const way = [leaf];
  const untrusted = [...sent];
  while (way.length < PATH_MAX) {
    const last = way.at(-1) ?? leaf;
    const trusted = bestIssuer(last, anchors, now);
    if (isSelfSigned(last)) {
      return trusted?.der.equals(last.der) ? way : null;
    }
    if (trusted !== undefined) return [...way, trusted];
    const next = bestIssuer(
      last,
      untrusted.filter((candidate) => !way.includes(candidate)),
      now,
    );
    if (next === undefined) break;
    untrusted.splice(untrusted.indexOf(next), 1);
    way.push(next);
  }
  // With partial chains a leaf that is itself trusted needs no issuer.
  return anchors.some(({ der }) => der.equals(leaf.der)) ? [leaf] : null;
}

/** The first that is valid now, else the one that ends last; whether it may sign is seen only once the way is chosen. */
function bestIssuer(
  subject: CertificateFields,
  candidates: readonly CertificateFields[],
  now: number,
): CertificateFields | undefined {
  const issuers = candidates.filter((candidate) => isLikelyIssuer(candidate, subject));
  const valid = issuers.find(({ notBefore, notAfter }) => notBefore <= now && now < notAfter);
  return valid ?? issuers.toSorted((one, other) => other.notAfter - one.notAfter)[0];
}

/** By names, key identifiers and kind of key; no signature is looked at. */
function isLikelyIssuer(issuer: CertificateFields, subject: CertificateFields): boolean {
  return (
    issuer.subject.key === subject.issuer.key &&
    isKeyOf(subject.authorityKeyId, issuer) &&
    KEY_TYPES[subject.signature.scheme].includes(issuer.publicKey.type)
  );
}

const KEY_TYPES: Readonly<
  Record<CertificateFields['signature']['scheme'], readonly CertificateFields['publicKey']['type'][]>
> = {
  rsa: ['rsa', 'other'],
  ecdsa: ['ec'],
  eddsa: ['ed25519', 'ed448'],
  dsa: ['other'],
  unknown: [],
};

function isSelfSigned(fields: CertificateFields): boolean {
  return isLikelyIssuer(fields, fields);
}

/** True where our rules find nothing wrong with this way and no other, but for what OpenSSL takes of a CA (docs/admission.md). */
function isGoodWay(way: readonly CertificateFields[] | null, now: number): boolean {
  const anchor = way?.at(-1);
  if (way === null || anchor === undefined) return false;
  const chain = way.length === 1 ? way : way.slice(0, -1);
  const { checks, path } = validatePath({
    chain: chain.map(({ der }) => der),
    anchors: readAnchors([anchor.der]),
    now,
    purpose: 'clientAuth',
  });
  // A way that leaves one out is another way.
  if (path.length !== way.length) return false;
  return checks.every(({ name, position, result, detail }) => {
    if (result !== 'fail') return true;
    const fields = way[position];
    if (name === 'is_ca') return fields !== undefined && isCaToOpenSsl(fields);
    return name === 'critical_extensions' && detail.startsWith(`extension ${POLICY_CONSTRAINTS} `);
  });
}

/** Without basicConstraints: roots of version 1, and what may sign (check_ca in crypto/x509/v3_purp.c). */
function isCaToOpenSsl({ version, subject, issuer, basicConstraints, keyUsage }: CertificateFields): boolean {
  const isOldRoot = version === 1 && subject.key === issuer.key;
  const isSigner = keyUsage !== null && (keyUsage & KEY_USAGE.keyCertSign) !== 0;
  return basicConstraints === null && (isOldRoot || isSigner);
}

function read(der: Buffer): CertificateFields[] {
  try {
    return [readCertificateFields(der)];
  } catch {
    return [];
  }
}
