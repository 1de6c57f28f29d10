import { z } from 'zod';

/**
 * The secrets that edges derive the keys of session tickets from, newest first, each sealed (to the master key in the store, to
 * the edge in the feed). None of them ever seals a ticket itself.
 */
export const ticketKeys = z.strictObject({
  keys: z
    .array(
      z.strictObject({
        id: z.string(),
        sealedKey: z.string(),
        createdAt: z.iso.datetime(),
        expiresAt: z.iso.datetime(),
      }),
    )
    .min(1)
    .max(4),
});
export type TicketKeys = z.infer<typeof ticketKeys>;
