import { createHash } from 'node:crypto';
import { loadX509 } from './load-x509.ts';
import { certificatePemOf, ECDSA, keyPemOf, newKeyPair, newSerialNumber } from './new-key-pair.ts';

/** id-pe-acmeIdentifier (RFC 8737 section 6.1). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const HOUR_MS = 3_600_000;

/**
 * Makes the self-signed certificate that answers a tls-alpn-01 challenge (RFC 8737 section 3): its only name is the host, and a
 * critical extension holds the SHA-256 of the key authorization. `now` is milliseconds since 1970; PEM.
 */
export async function createChallengeCertificate({
  host,
  keyAuthorization,
  now,
}: {
  host: string;
  keyAuthorization: string;
  now: number;
}): Promise<{ certPem: string; keyPem: string }> {
  const { Extension, SubjectAlternativeNameExtension, X509CertificateGenerator } = await loadX509();
  const keys = await newKeyPair();
  const digest = createHash('sha256').update(keyAuthorization).digest();
  // An OCTET STRING of 32 bytes.
  const value = Buffer.concat([Buffer.from([0x04, digest.length]), digest]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: [{ CN: ['ACME challenge'] }],
    notBefore: new Date(now - HOUR_MS),
    notAfter: new Date(now + 24 * HOUR_MS),
    signingAlgorithm: ECDSA,
    keys,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: 'dns', value: host }], false),
      new Extension(ACME_IDENTIFIER, true, value),
    ],
  });
  return { certPem: certificatePemOf(certificate.rawData), keyPem: keyPemOf(keys.privateKey) };
}
