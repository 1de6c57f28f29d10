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

/** Where a list is fetched. Its signature is what vouches for it, so that http will do. */
const listUrl = z
  .string()
  .max(2048, 'a url has at most 2048 characters')
  .refine((text) => {
    const url = URL.canParse(text) ? new URL(text) : null;
    return (
      (url?.protocol === 'http:' || url?.protocol === 'https:') &&
      `${url.username}${url.password}${url.hash}` === ''
    );
  }, 'an http or https URL without user name, password and fragment is needed');
const refreshSeconds = z
  .int()
  .min(LIMITS.crlRefreshSecondsMin, `a list is fetched every ${LIMITS.crlRefreshSecondsMin} seconds at most`)
  .max(
    LIMITS.crlRefreshSecondsMax,
    `a list is fetched every ${LIMITS.crlRefreshSecondsMax} seconds at least`,
  );

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
    /**
     * A revocation list of a CA of the tls-ca secret that `ca` names, sent or fetched; it counts wherever that secret vouches for clients.
     * What is fetched counts from the first list on that is found good.
     */
    z
      .strictObject({
        type: z.literal('crl'),
        ca: z.strictObject({ name: resourceName }),
        crl: z
          .string()
          .min(1, 'there is nothing in it: PEM text is needed')
          .max(LIMITS.crlBytesMax, `a revocation list has at most ${LIMITS.crlBytesMax} bytes`)
          .optional(),
        url: listUrl.optional(),
        refreshSeconds: refreshSeconds.optional(),
        policy: crlPolicy.optional(),
      })
      .superRefine(({ crl, url, refreshSeconds: refresh }, context) => {
        const report = (path: string, message: string) =>
          context.addIssue({ code: 'custom', path: [path], message });
        if (crl === undefined && url === undefined) report('crl', 'the list itself or its url is needed');
        if (crl !== undefined && url !== undefined) report('url', 'crl and url exclude each other');
        if (url === undefined && refresh !== undefined) report('refreshSeconds', 'only a url is refreshed');
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
        /** Null before the first list that is fetched. */
        issuer: z.string().nullable(),
        /** Hex; null where the list has none. */
        number: z.string().nullable(),
        /** Null before the first list that is fetched. */
        thisUpdate: z.iso.datetime().nullable(),
        /** From then on the list is stale; null: never. */
        nextUpdate: z.iso.datetime().nullable(),
        entries: z.int(),
        /** Where the list is fetched; absent for one that was sent. */
        source: z.strictObject({ url: z.string(), refreshSeconds: z.int() }).optional(),
      })
      .optional(),
  })
  .meta({ id: 'SecretDetails' });
export type SecretDetails = z.infer<typeof secretDetails>;

/** How it stands with a revocation list at the time of the answer. */
export const secretStatus = z
  .strictObject({
    crl: z.strictObject({
      /** `stale` from `nextUpdate` on, `expiring` shortly before; `not_fetched`: there is no list yet, and so nothing that it revokes. */
      state: z.enum(['fresh', 'expiring', 'stale', 'not_fetched']),
      message: z.string(),
      /** How the fetching goes; null for a list that was sent. */
      fetch: z
        .strictObject({
          /** Null before the first try. */
          triedAt: z.iso.datetime().nullable(),
          /** When the source last gave a good list, or said that it is the same; null: never. */
          fetchedAt: z.iso.datetime().nullable(),
          nextTryAt: z.iso.datetime(),
          /** Tries in a row that failed. */
          failures: z.int(),
          /** Of the last try; null where it was good. */
          lastError: z.string().nullable(),
        })
        .nullable(),
    }),
  })
  .meta({ id: 'SecretStatus' });
export type SecretStatus = z.infer<typeof secretStatus>;
