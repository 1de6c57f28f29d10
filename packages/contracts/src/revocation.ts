import { z } from 'zod';
import { finding } from './findings.ts';
import { LIMITS } from './limits.ts';
import { resourceName } from './names.ts';
import { REVOCATION_REASONS } from './revocation-reasons.ts';

export const revocationReason = z.enum(REVOCATION_REASONS);
export type RevocationReason = z.infer<typeof revocationReason>;

const invisible = /[\u0000-\u001f\u007f-\u009f]/;
const line = (charsMax: number) =>
  z
    .string()
    .trim()
    .min(1, 'there is nothing in it')
    .max(charsMax, `at most ${charsMax} characters`)
    .refine((text) => !invisible.test(text), 'it holds characters that cannot be seen');

/** Which certificates are meant. Hexadecimal digits may come with colons and in any case, as openssl prints them. */
export const revokedClient = z
  .discriminatedUnion('by', [
    /** The one certificate with this SHA-256 over its DER: a client's, or that of a CA on its path. */
    z.strictObject({
      by: z.literal('fingerprint'),
      fingerprint: z
        .string()
        .transform((text) => text.replaceAll(':', '').toLowerCase())
        .pipe(z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 fingerprint has 64 hexadecimal digits')),
    }),
    /** The certificate with this serial number of the issuer with this name. */
    z.strictObject({
      by: z.literal('serial'),
      serialNumber: z
        .string()
        .max(200, 'a serial number has at most 64 hexadecimal digits')
        .transform((text) =>
          text
            .replaceAll(':', '')
            .replace(/^0x/i, '')
            .toLowerCase()
            .replace(/^0+(?=.)/, ''),
        )
        .pipe(z.string().regex(/^[0-9a-f]{1,64}$/, 'a serial number has 1 to 64 hexadecimal digits')),
      issuer: line(LIMITS.revocationNameCharsMax).meta({
        description: "The issuer's subject in the certificate's order, like `CN=Acme CA, O=Acme`",
      }),
    }),
    /** Every client certificate with this CN or DNS name, without case. */
    z.strictObject({ by: z.literal('subject'), subject: line(LIMITS.matchedNameCharsMax) }),
  ])
  .meta({ id: 'RevokedClient' });
export type RevokedClient = z.infer<typeof revokedClient>;

const scoped = {
  reason: revocationReason,
  /** Only on this route's host; null: on every host of the project. */
  route: resourceName.nullable(),
  /** Only where a CA of this tls-ca vouches; null: whichever does. */
  ca: resourceName.nullable(),
};

/** What a caller sends to revoke. */
export const revocationCreate = z
  .strictObject({
    client: revokedClient,
    reason: scoped.reason.optional(),
    route: resourceName.optional().meta({ description: "Only on this route's host" }),
    ca: resourceName.optional().meta({ description: 'Only where a CA of this tls-ca secret vouches' }),
  })
  .meta({ id: 'RevocationCreate' });
export type RevocationCreate = z.infer<typeof revocationCreate>;

/** A revocation as it is stored and shown. */
export const revocationResource = z
  .strictObject({
    id: z.string(),
    project: resourceName,
    client: revokedClient,
    ...scoped,
    createdAt: z.iso.datetime(),
    /** Name of the token that revoked; null where nobody said. */
    createdBy: z.string().nullable(),
    findings: z.array(finding),
  })
  .meta({ id: 'Revocation' });
export type RevocationResource = z.infer<typeof revocationResource>;

/** One revocation as an edge uses it; `ca` is the id of the trust bundle, `issuerKey` the issuer's name as it is compared. */
export const revocationEntry = z.strictObject({
  id: z.string(),
  client: z.discriminatedUnion('by', [
    z.strictObject({ by: z.literal('fingerprint'), fingerprint: z.string() }),
    z.strictObject({ by: z.literal('serial'), serialNumber: z.string(), issuerKey: z.string() }),
    z.strictObject({ by: z.literal('subject'), subject: z.string() }),
  ]),
  reason: revocationReason,
  route: z.string().nullable(),
  ca: z.string().nullable(),
});
export type RevocationEntry = z.infer<typeof revocationEntry>;

/** A revocation list with a signature that has been checked; the id of the change is that of the secret. */
export const crlDocument = z.strictObject({
  policy: z.enum(['hard', 'soft']),
  /** DER, base64. */
  list: z.base64(),
  /** The key that signed it: DER of a SubjectPublicKeyInfo, base64. */
  signerKey: z.base64(),
});
export type CrlDocument = z.infer<typeof crlDocument>;

/** All revocations of a project; the id of the change is the project's name. */
export const revocationDocument = z.strictObject({ entries: z.array(revocationEntry) });
export type RevocationDocument = z.infer<typeof revocationDocument>;
