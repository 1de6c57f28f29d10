const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

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
