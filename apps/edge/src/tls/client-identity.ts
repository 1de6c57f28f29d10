import { createHash } from 'node:crypto';
import type { PeerCertificate, TLSSocket } from 'node:tls';
import type { Evaluation, PresentedClient } from '@postern/admission';
import type { ClientIdentity } from '../connection.ts';

/** Certificates of one client; OpenSSL itself stops at 100. */
const SENT_MAX = 101;

/** The leaf of the peer; null when it sent none. Never on a curve that NIST gave no name, at which Node dies: see `buildSecureContext`. */
export function leafShown(socket: TLSSocket): Buffer | null {
  const { raw }: Partial<PeerCertificate> = socket.getPeerCertificate();
  return Buffer.isBuffer(raw) && raw.length > 0 ? raw : null;
}

/**
 * The certificates of the peer as it sent them, leaf first.
 *
 * Node never gives back the memory of those above the leaf (nodejs/node #65579), so this is for the few cases in which nothing else
 * will do: `KnownIntermediates.mayRead`. getPeerCertificate(true) would, but dies at an issuer on a curve that NIST gave no name.
 */
export function certificatesSent(socket: TLSSocket): Buffer[] {
  const sent: Buffer[] = [];
  let certificate = socket.getPeerX509Certificate();
  while (certificate !== undefined && sent.length < SENT_MAX) {
    sent.push(certificate.raw);
    certificate = certificate.issuerCertificate;
  }
  return sent;
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
