import { z } from 'zod';

const HOUR_MS = 3_600_000;

/** When the keys behind TLS session tickets come and go. */
export const TICKET_KEYS = {
  /** The one document of its kind. */
  id: 'shared',
  /** Bytes of a key, before it is sealed. */
  bytes: 32,
  /** Milliseconds. From this age on a key seals no new ticket: a successor takes its place. */
  rotateAfterMs: 12 * HOUR_MS,
  /** Milliseconds. From this age on no edge uses a key for anything, whether or not a successor has come. */
  acceptForMs: 24 * HOUR_MS,
} as const;

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
