import { createHash } from 'node:crypto';
import { PosternError } from '@postern/contracts';
import { loadX509 } from './load-x509.ts';
import {
  certificatePemOf,
  ECDSA,
  keyPemOf,
  newKeyPair,
  newSerialNumber,
  signingKeyOf,
} from './new-key-pair.ts';
import type { CertificateFacts } from './tls-secret.ts';

const DAY_MS = 86_400_000;
/** Milliseconds. Certificates begin a little earlier than now, for clients whose clocks are behind. */
const BACKDATED_MS = 5 * 60_000;
const AUTHORITY_LIFE_MS = 3650 * DAY_MS;
const LEAF_LIFE_MS = 90 * DAY_MS;
/** Characters. Upper bound of a CN (RFC 5280 appendix A.1, ub-common-name). */
const COMMON_NAME_CHARS_MAX = 64;

/** A CA certificate and its private key (PKCS #8), as PEM. */
export interface Authority {
  readonly certPem: string;
  readonly keyPem: string;
}

/** Makes a CA of its own: P-256, ten years, path length 0. `now` is milliseconds since 1970. */
export async function createLocalAuthority({ name, now }: { name: string; now: number }): Promise<Authority> {
  const x509 = await loadX509();
  const keys = await newKeyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: [{ CN: [name] }],
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + AUTHORITY_LIFE_MS),
    signingAlgorithm: ECDSA,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
    ],
  });
  return { certPem: certificatePemOf(certificate.rawData), keyPem: keyPemOf(keys.privateKey) };
}

/** A certificate just issued: what the feed says of it, its key, and when a successor is wanted. */
export interface IssuedCertificate extends CertificateFacts {
  /** PEM, PKCS #8, unencrypted: seal it before it is stored. */
  readonly keyPem: string;
  /** Milliseconds since 1970: one third of the life is left. */
  readonly renewAt: number;
}

/**
 * Issues a server certificate for one host (wildcards too): P-256, 90 days, the host, and `otherHosts`, as its SANs.
 *
 * The chain is the leaf alone, as clients hold the CA. The end never lies after that of the CA; throws `internal` when
 * the CA has expired. `now` is milliseconds since 1970.
 */
export async function issueServerCertificate({
  authority,
  host,
  otherHosts = [],
  now,
}: {
  authority: Authority;
  host: string;
  otherHosts?: readonly string[];
  now: number;
}): Promise<IssuedCertificate> {
  const x509 = await loadX509();
  const issuer = new x509.X509Certificate(authority.certPem);
  const notBefore = now - BACKDATED_MS;
  const notAfter = Math.min(now + LEAF_LIFE_MS, issuer.notAfter.getTime());
  if (notAfter <= now) throw new PosternError('internal', { detail: 'the local CA has expired' });
  const signingKey = await signingKeyOf(authority.keyPem);
  const keys = await newKeyPair();
  const names = [host, ...otherHosts];
  const fitsCommonName = host.length <= COMMON_NAME_CHARS_MAX;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: fitsCommonName ? [{ CN: [host] }] : [],
    issuer: issuer.subjectName,
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    signingAlgorithm: ECDSA,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      // Critical where the subject is empty (RFC 5280 section 4.1.2.6).
      new x509.SubjectAlternativeNameExtension(
        names.map((value) => ({ type: 'dns' as const, value })),
        !fitsCommonName,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.publicKey, false),
    ],
  });
  const der = Buffer.from(certificate.rawData);
  return {
    chainPem: certificatePemOf(certificate.rawData),
    keyPem: keyPemOf(keys.privateKey),
    names,
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    fingerprint: createHash('sha256').update(der).digest('hex'),
    renewAt: Math.floor(notAfter - (notAfter - notBefore) / 3),
  };
}
