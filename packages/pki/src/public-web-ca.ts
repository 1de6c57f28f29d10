import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';

/** Certificates whose answer is remembered. */
const REMEMBERED_MAX = 1_000;

let roots: Map<string, X509Certificate[]> | undefined;
const remembered = new Map<string, boolean>();

/**
 * True for a CA that issues for the public web: one of the roots that this Node brings (Mozilla's list), or a CA that one of these has
 * issued. Anyone gets a certificate from it. `pem` is one certificate; what cannot be read is none.
 */
export function isPublicWebCa(pem: string): boolean {
  const known = remembered.get(pem);
  if (known !== undefined) return known;
  const answer = findRoot(pem);
  if (remembered.size >= REMEMBERED_MAX) remembered.clear();
  remembered.set(pem, answer);
  return answer;
}

function findRoot(pem: string): boolean {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(pem);
  } catch {
    return false;
  }
  // A new certificate of a known root has its name and key.
  const { publicKey } = certificate;
  const namesakes = rootsBySubject().get(certificate.subject) ?? [];
  if (namesakes.some((root) => root.publicKey.equals(publicKey))) return true;
  const issuers = rootsBySubject().get(certificate.issuer) ?? [];
  return issuers.some((root) => certificate.verify(root.publicKey));
}

/** Read when first needed: it takes some 30 ms. */
function rootsBySubject(): Map<string, X509Certificate[]> {
  roots ??= Map.groupBy(
    rootCertificates.map((pem) => new X509Certificate(pem)),
    ({ subject }) => subject,
  );
  return roots;
}
