import { createHash } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { Evaluation, PresentedClient } from '@postern/admission';
import type { ClientIdentity } from '../connection.ts';

/** Certificates on one path; OpenSSL itself stops at 100. */
const PATH_MAX = 101;

/**
 * The certificates of the peer as far as Node shows them: the leaf, then each one's issuer by name, of what was sent, then of the anchors.
 *
 * Uses getPeerCertificate(true) alone: getPeerX509Certificate() on a server socket leaks what the client sent (nodejs/node
 * #65579). Of two certificates of one name Node shows the first that was sent. Empty when the peer sent none.
 */
export function certificatesShown(socket: TLSSocket): Buffer[] {
  const shown: Buffer[] = [];
  // An empty object stands for no certificate; a self-signed one is its own issuer.
  let certificate: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  while (certificate !== undefined && shown.length < PATH_MAX) {
    const { raw, issuerCertificate }: Partial<DetailedPeerCertificate> = certificate;
    if (!Buffer.isBuffer(raw) || raw.length === 0 || shown.at(-1)?.equals(raw)) break;
    shown.push(raw);
    certificate = issuerCertificate === certificate ? undefined : issuerCertificate;
  }
  return shown;
}

/** The leaf of the peer alone, at half the cost: all that a resumed session has. Empty when the peer sent none. */
export function leafShown(socket: TLSSocket): Buffer[] {
  const { raw }: Partial<DetailedPeerCertificate> = socket.getPeerCertificate();
  return Buffer.isBuffer(raw) && raw.length > 0 ? [raw] : [];
}

/** Who a client is; null where no path is valid, so that nobody knows. */
export function identityOf(
  presented: PresentedClient,
  { anchor, names, path, validUntil }: Evaluation,
): ClientIdentity | null {
  const [leaf] = path;
  if (leaf === undefined || names === null || anchor === null) return null;
  return {
    leafDer: leaf.der,
    presented,
    chainDer: path.filter(({ source }) => source === 'sent').map(({ der }) => der),
    names,
    fingerprint: leaf.fingerprint,
    validUntil,
  };
}

/** SHA-256 of a DER, lower-case hex. */
export function fingerprintOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}
