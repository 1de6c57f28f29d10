import type { KeyObject } from 'node:crypto';
import type { ParsedCertificate } from './certificates-pem.ts';

/**
 * Puts the certificates of a server leaf first, each followed by its issuer.
 *
 * The leaf is the first certificate the key fits. What is not on its path is surplus. Undefined when the key fits none.
 */
export function orderChain(
  leafKey: KeyObject,
  certificates: readonly ParsedCertificate[],
): { chain: ParsedCertificate[]; surplus: ParsedCertificate[] } | undefined {
  const leaf = certificates.find(({ x509 }) => x509.checkPrivateKey(leafKey));
  if (leaf === undefined) return undefined;
  const chain = [leaf];
  const rest = new Set(certificates.filter((certificate) => certificate !== leaf));
  for (let last = leaf; ; ) {
    const issuer = [...rest].find((candidate) => issued(candidate, last));
    if (issuer === undefined) return { chain, surplus: [...rest] };
    chain.push(issuer);
    rest.delete(issuer);
    last = issuer;
  }
}

function issued(issuer: ParsedCertificate, subject: ParsedCertificate): boolean {
  // A self-signed certificate ends the path; its own copy further down is surplus.
  if (subject.x509.checkIssued(subject.x509)) return false;
  return subject.x509.checkIssued(issuer.x509) && subject.x509.verify(issuer.x509.publicKey);
}
