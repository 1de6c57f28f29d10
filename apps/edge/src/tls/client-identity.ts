import { createHash } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { readSubjectNames } from '@postern/pki';
import type { ClientIdentity } from '../connection.ts';

/** Certificates on one path; OpenSSL itself stops at 100. */
const PATH_MAX = 101;

/**
 * Reads the peer's certificate and path once, after a handshake. Undefined when the peer sent none.
 *
 * Uses getPeerCertificate(true) alone: getPeerX509Certificate() on a server socket leaks what the client sent (nodejs/node
 * #65579). `anchors` are fingerprints (SHA-256 hex) of the bundle's certificates, which are no part of what was sent.
 * Throws PosternError when a certificate cannot be read; the caller refuses then.
 */
export function readClientIdentity(
  socket: TLSSocket,
  anchors: ReadonlySet<string>,
): ClientIdentity | undefined {
  // An empty object stands for no certificate.
  let certificate: Partial<DetailedPeerCertificate> | undefined = socket.getPeerCertificate(true);
  const leafDer = certificate?.raw;
  if (!Buffer.isBuffer(leafDer) || leafDer.length === 0) return undefined;
  const fingerprint = fingerprintOf(leafDer);
  const chainDer: Buffer[] = [];
  const seen = new Set<string>();
  let validUntil = Number.POSITIVE_INFINITY;
  while (certificate !== undefined && Buffer.isBuffer(certificate.raw) && seen.size < PATH_MAX) {
    const print = fingerprintOf(certificate.raw);
    if (seen.has(print)) break;
    seen.add(print);
    if (print !== fingerprint && !anchors.has(print)) chainDer.push(certificate.raw);
    validUntil = Math.min(validUntil, Date.parse(certificate.valid_to ?? ''));
    certificate = certificate.issuerCertificate;
  }
  return { leafDer, chainDer, names: readSubjectNames(leafDer), fingerprint, validUntil };
}

/** SHA-256 of a DER, lower-case hex. */
export function fingerprintOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}
