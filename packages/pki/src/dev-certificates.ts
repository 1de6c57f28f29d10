import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { X509Certificate as IssuerCertificate, JsonGeneralNames } from '@peculiar/x509';
import { PosternError } from '@postern/contracts';
import { loadX509 } from './load-x509.ts';
import type { Authority } from './local-authority.ts';
import { certificatePemOf, ECDSA, keyPemOf, newKeyPair, newSerialNumber } from './new-key-pair.ts';

const DAY_MS = 86_400_000;
/** Milliseconds. For clocks that are a little behind the one that issues. */
const BACKDATED_MS = 5 * 60_000;
/** Characters. Upper bound of a CN (RFC 5280 appendix A.1, ub-common-name). */
const COMMON_NAME_CHARS_MAX = 64;

/** A certificate for tests and its private key (PKCS #8, unencrypted), as PEM. */
export interface DevCertificate extends Authority {
  /** Milliseconds since 1970. */
  readonly notAfter: number;
}

interface DevLeaf {
  /** `client` gets extended key usage clientAuth, `server` serverAuth. */
  readonly role: 'client' | 'server';
  /** CN of the subject; of a server the host. Left out of the subject where it is too long for one. */
  readonly name: string;
  /** Names for the subjectAltName: DNS names, wildcards, IP addresses. */
  readonly alternativeNames: readonly string[];
  /** Null: the certificate is self-signed. */
  readonly issuer: Authority | null;
  readonly days: number;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Makes a CA for tests: P-256, path length 0. `now` is milliseconds since 1970. */
export async function createDevAuthority(options: {
  readonly name: string;
  readonly days: number;
  readonly now: number;
}): Promise<DevCertificate> {
  const { name, days, now } = options;
  if (name === '' || name.length > COMMON_NAME_CHARS_MAX) {
    throw invalid(`the name of a CA has 1 to ${COMMON_NAME_CHARS_MAX} characters`);
  }
  const x509 = await loadX509();
  const keys = await newKeyPair();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: [{ CN: [name] }],
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + days * DAY_MS),
    signingAlgorithm: ECDSA,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
    ],
  });
  return {
    certPem: certificatePemOf(certificate.rawData),
    keyPem: keyPemOf(keys.privateKey),
    notAfter: certificate.notAfter.getTime(),
  };
}

/**
 * Issues a certificate for tests with the extensions of its role: P-256, signed by the issuer's key of whatever kind.
 *
 * It never outlives its issuer. Fails with `validation_failed` when the issuer is no CA, has expired or has another key.
 */
export async function issueDevCertificate(leaf: DevLeaf): Promise<DevCertificate> {
  const x509 = await loadX509();
  const keys = await newKeyPair();
  const issuer = leaf.issuer === null ? null : await readIssuer(leaf.issuer, leaf.now);
  const fitsCommonName = leaf.name.length <= COMMON_NAME_CHARS_MAX;
  if (!fitsCommonName && leaf.alternativeNames.length === 0) {
    throw invalid(`a CN has at most ${COMMON_NAME_CHARS_MAX} characters`);
  }
  const subject = fitsCommonName ? [{ CN: [leaf.name] }] : [];
  const notAfter = Math.min(
    leaf.now + leaf.days * DAY_MS,
    issuer?.certificate.notAfter.getTime() ?? Number.MAX_SAFE_INTEGER,
  );
  const purpose =
    leaf.role === 'client' ? x509.ExtendedKeyUsage.clientAuth : x509.ExtendedKeyUsage.serverAuth;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject,
    issuer: issuer?.certificate.subjectName ?? subject,
    notBefore: new Date(leaf.now - BACKDATED_MS),
    notAfter: new Date(notAfter),
    signingAlgorithm: issuer?.algorithm ?? ECDSA,
    publicKey: keys.publicKey,
    signingKey: issuer?.key ?? keys.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([purpose]),
      // Critical where the subject is empty (RFC 5280 section 4.1.2.6).
      ...(leaf.alternativeNames.length === 0
        ? []
        : [
            new x509.SubjectAlternativeNameExtension(
              leaf.alternativeNames.map(alternativeNameOf),
              !fitsCommonName,
            ),
          ]),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false),
      await x509.AuthorityKeyIdentifierExtension.create(
        issuer?.certificate.publicKey ?? keys.publicKey,
        false,
      ),
    ],
  });
  return {
    certPem: certificatePemOf(certificate.rawData),
    keyPem: keyPemOf(keys.privateKey),
    notAfter: certificate.notAfter.getTime(),
  };
}

function alternativeNameOf(name: string): JsonGeneralNames[number] {
  return { type: isIP(name) === 0 ? 'dns' : 'ip', value: name };
}

type SigningAlgorithm =
  | { readonly name: 'ECDSA'; readonly namedCurve: string; readonly hash: string }
  | { readonly name: 'RSASSA-PKCS1-v1_5'; readonly hash: string }
  | { readonly name: 'Ed25519' };

async function readIssuer(
  { certPem, keyPem }: Authority,
  now: number,
): Promise<{ certificate: IssuerCertificate; key: webcrypto.CryptoKey; algorithm: SigningAlgorithm }> {
  let read: X509Certificate;
  let privateKey: ReturnType<typeof createPrivateKey>;
  try {
    read = new X509Certificate(certPem);
    privateKey = createPrivateKey(keyPem);
  } catch (cause) {
    throw invalid('the certificate or the key of the CA cannot be read: unencrypted PEM is needed', cause);
  }
  if (!read.ca) throw invalid('the certificate of the CA is not one of a CA (basicConstraints CA:TRUE)');
  if (!read.checkPrivateKey(privateKey)) throw invalid('the key of the CA belongs to another certificate');
  if (read.validToDate.getTime() <= now) throw invalid(`the CA expired at ${read.validToDate.toISOString()}`);
  const algorithm = signingAlgorithmOf(
    privateKey.asymmetricKeyType,
    privateKey.asymmetricKeyDetails?.namedCurve,
  );
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  const key = await webcrypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']);
  return { certificate: new (await loadX509()).X509Certificate(certPem), key, algorithm };
}

const CURVES: Readonly<Record<string, SigningAlgorithm>> = {
  prime256v1: ECDSA,
  secp384r1: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  secp521r1: { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
};

function signingAlgorithmOf(type: string | undefined, curve: string | undefined): SigningAlgorithm {
  const known =
    type === 'rsa'
      ? ({ name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const)
      : type === 'ed25519'
        ? ({ name: 'Ed25519' } as const)
        : CURVES[curve ?? ''];
  if (known !== undefined) return known;
  throw invalid('the key of the CA is none of RSA, P-256, P-384, P-521 and Ed25519');
}

function invalid(detail: string, cause?: unknown): PosternError {
  return new PosternError('validation_failed', { detail, cause });
}
