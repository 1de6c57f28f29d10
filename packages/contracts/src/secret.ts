import { z } from 'zod';
import { LIMITS } from './limits.ts';
import { resourceName } from './names.ts';

const pem = z
  .string()
  .min(1, 'there is nothing in it: PEM text is needed')
  .max(LIMITS.secretBytesMax, `a secret has at most ${LIMITS.secretBytesMax} bytes`);
const base64 = z.base64().max(Math.ceil((LIMITS.secretBytesMax * 4) / 3));

export const SECRET_TYPES = ['tls-ca', 'tls', 'generic', 'symmetric', 'asymmetric', 'crl'] as const;
export const secretType = z.enum(SECRET_TYPES);
export type SecretType = z.infer<typeof secretType>;

/** What becomes of clients of its issuer while a list is stale: `hard` (the default) refuses them, `soft` admits them. */
const crlPolicy = z.enum(['hard', 'soft']);

/** What a caller sends to create or replace a secret. Certificates and keys are unencrypted PEM. */
export const secretInput = z
  .discriminatedUnion('type', [
    /** CA certificates that client (or upstream) certificates are checked against; never a key. */
    z.strictObject({ type: z.literal('tls-ca'), cert: pem }),
    /** A certificate chain and its private key; `ca` is appended to the chain. */
    z.strictObject({ type: z.literal('tls'), cert: pem, key: pem, ca: pem.optional() }),
    z.strictObject({
      type: z.literal('generic'),
      data: z
        .record(
          z.string().regex(/^[A-Za-z0-9._-]{1,253}$/, 'a key is made of letters, digits, ".", "_" and "-"'),
          base64,
        )
        .refine((data) => Object.keys(data).length > 0, 'at least one key is needed')
        .refine(
          (data) =>
            Object.entries(data).reduce((sum, [key, value]) => sum + key.length + value.length, 0) <=
            (LIMITS.secretBytesMax * 4) / 3,
          `a secret has at most ${LIMITS.secretBytesMax} bytes`,
        ),
    }),
    z.strictObject({ type: z.literal('symmetric'), secretKey: base64.min(1, 'a key is needed') }),
    z.strictObject({ type: z.literal('asymmetric'), privateKey: pem.optional(), publicKey: pem.optional() }),
    /** A revocation list of a CA of the tls-ca secret that `ca` names; it counts wherever that secret vouches for clients. */
    z.strictObject({
      type: z.literal('crl'),
      ca: z.strictObject({ name: resourceName }),
      crl: z
        .string()
        .min(1, 'there is nothing in it: PEM text is needed')
        .max(LIMITS.crlBytesMax, `a revocation list has at most ${LIMITS.crlBytesMax} bytes`),
      policy: crlPolicy.optional(),
    }),
  ])
  .meta({ id: 'SecretInput' });
export type SecretInput = z.infer<typeof secretInput>;

/** What is public about one certificate. Times are ISO 8601; names are typed as in the certificate. */
export const certificateDetails = z
  .strictObject({
    subject: z.string(),
    issuer: z.string(),
    serialNumber: z.string(),
    dnsNames: z.array(z.string()),
    ipAddresses: z.array(z.string()),
    otherNames: z.array(z.string()),
    notBefore: z.iso.datetime(),
    notAfter: z.iso.datetime(),
    /** Like `RSA 2048`, `EC P-256`, `Ed25519`. */
    keyType: z.string(),
    isCa: z.boolean(),
    pathLength: z.int().optional(),
    keyUsage: z.array(z.string()),
    extendedKeyUsage: z.array(z.string()),
    /** SHA-256 of the DER, lower-case hex. */
    fingerprint: z.string(),
  })
  .meta({ id: 'CertificateDetails' });
export type CertificateDetails = z.infer<typeof certificateDetails>;

/** What is public about a secret's values: key names, certificates, fingerprints; never a value (a tls-ca's PEM is public). */
export const secretDetails = z
  .strictObject({
    keys: z.array(z.string()),
    certificates: z.array(certificateDetails).optional(),
    /** Type and SHA-256 of the SubjectPublicKeyInfo, of an asymmetric secret. */
    publicKey: z.strictObject({ keyType: z.string(), fingerprint: z.string() }).optional(),
    /** CA certificates in PEM, of a tls-ca. */
    caPem: z.string().optional(),
    /** What a revocation list says of itself; `ca` is the tls-ca that holds its issuer. */
    crl: z
      .strictObject({
        ca: resourceName,
        policy: crlPolicy,
        issuer: z.string(),
        /** Hex; null where the list has none. */
        number: z.string().nullable(),
        thisUpdate: z.iso.datetime(),
        /** From then on the list is stale; null: never. */
        nextUpdate: z.iso.datetime().nullable(),
        entries: z.int(),
      })
      .optional(),
  })
  .meta({ id: 'SecretDetails' });
export type SecretDetails = z.infer<typeof secretDetails>;
