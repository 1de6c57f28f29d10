const MIB = 1024 * 1024;

/** Bounds of the client. */
export const FEED_LIMITS = {
  /** Characters. The largest document, a revocation list, is 5.4 MiB of base64; a server that sends more is broken. */
  eventCharsMax: 8 * MIB,
  /** Characters. Changes held until their `synced`; more lead to a full copy, which is staged on disk. */
  batchCharsMax: 64 * MIB,
  /** Characters and changes staged at once in a full copy. */
  stageCharsMax: 4 * MIB,
  stageChangesMax: 500,
  /** Milliseconds without a byte after which a stream counts as dead; heartbeats come every 10 s. */
  silenceMs: 30_000,
  /** Milliseconds. First and longest wait before another attempt; doubled each time, half of it random. */
  retryMinMs: 100,
  retryMaxMs: 10_000,
} as const;
