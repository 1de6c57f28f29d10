import { z } from 'zod';

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
