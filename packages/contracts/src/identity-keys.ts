import { z } from 'zod';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** When the keys that sign identity tokens come and go. */
export const IDENTITY_KEYS = {
  /** The one document of its kind. */
  id: 'shared',
  /** Milliseconds. From this age on a successor is made. */
  rotateAfterMs: 7 * DAY_MS,
  /** Milliseconds between the publication of a successor and its first signature: services may keep a key set for as long. */
  publishAheadMs: HOUR_MS,
  /** Milliseconds. From this age on no edge signs with a key and the key set does not hold it, whether or not a successor has come. */
  expireAfterMs: 28 * DAY_MS,
} as const;

/**
 * The P-256 keys that edges sign identity tokens with, newest first. The private half (PKCS #8) is sealed: to the master key in the
 * store, to the edge in the feed.
 */
export const identityKeys = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        id: z.string(),
        /** Coordinates of the public key in base64url (RFC 7518 section 6.2.1). */
        x: z.string(),
        y: z.string(),
        sealedKey: z.string(),
        createdAt: z.iso.datetime(),
        signsFrom: z.iso.datetime(),
        expiresAt: z.iso.datetime(),
      }),
    )
    .min(1)
    .max(8),
});
export type IdentityKeys = z.infer<typeof identityKeys>;
export type IdentityKey = IdentityKeys['keys'][number];

/** Tokens of clients of a project are issued in this name, whatever audience its routes write. */
export function identityIssuerOf(project: string): string {
  return `urn:postern:project:${project}`;
}
