import { createHash, X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { followPath } from '@postern/admission';
import { PosternError } from '@postern/contracts';
import { readSubjectNames } from '@postern/pki';
import type { ClientIdentity } from '../connection.ts';

/** Certificates on one path; OpenSSL itself stops at 100. */
const PATH_MAX = 101;

/**
 * Reads the peer's certificate and path once, after a handshake that OpenSSL calls good. Undefined when the peer sent none.
 *
 * Uses getPeerCertificate(true) alone: getPeerX509Certificate() on a server socket leaks what the client sent (nodejs/node
 * #65579). Node shows what was sent by the names in it; `followPath` proves what of it leads to the anchors.
 * Throws PosternError when a certificate cannot be read or nothing leads there; the caller refuses then.
 */
export function readClientIdentity(
  socket: TLSSocket,
  anchors: readonly X509Certificate[],
): ClientIdentity | undefined {
  const [leafDer, ...sentDer] = certificatesShown(socket);
  if (leafDer === undefined) return undefined;
  const path = followPath(parse(leafDer), sentDer.map(parse), anchors);
  if (path === undefined) {
    throw new PosternError('validation_failed', {
      detail: 'no path of signatures leads from the certificate to a trusted CA',
    });
  }
  return {
    leafDer,
    chainDer: path.intermediates.map(({ raw }) => raw),
    names: readSubjectNames(leafDer, { belowNameConstraints: path.constrainsNames }),
    fingerprint: fingerprintOf(leafDer),
    validUntil: path.validUntil,
  };
}

/** The leaf, then each one's issuer as far as Node knows it: of what was sent, then of the anchors. */
function certificatesShown(socket: TLSSocket): Buffer[] {
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

function parse(der: Buffer): X509Certificate {
  return new X509Certificate(der);
}

/** SHA-256 of a DER, lower-case hex. */
export function fingerprintOf(der: Buffer): string {
  return createHash('sha256').update(der).digest('hex');
}
