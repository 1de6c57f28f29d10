/** Bounds of what a client may send. Each is small enough to hold for every connection at once. */
export const HTTP_LIMITS = {
  /** Milliseconds from the first byte (or the connection) to the end of a request head: no slow-head attack holds longer. */
  headTimeoutMs: 10_000,
  /** Bytes of a request head, names and values together; what common servers take. */
  headBytesMax: 32 * 1024,
  /** Fields of a request head. */
  fieldsMax: 100,
  /** Milliseconds an HTTP/1.1 connection is kept between requests, an HTTP/2 session without a stream, or an answer that its client does not take. */
  idleMs: 60_000,
  /** Bytes per second that a request body must bring while the edge waits for it; slower than any network that still works. */
  bodyBytesPerSecondMin: 240,
  /** Milliseconds that a body may lag behind that rate before it has brought anything: round trips, lost packets, a slow start. */
  bodyGraceMs: 10_000,
  /** Streams of one HTTP/2 session at a time; RFC 9113 section 6.5.2 asks for at least 100. */
  concurrentStreamsMax: 100,
  /** Bytes that an HTTP/1.1 client may send ahead: behind a request that is unanswered, or a WebSocket handshake; then reading stops. */
  heldBytesMax: 64 * 1024,
  /** Bytes of an unread request body that are discarded so that a connection can be used again. */
  drainBytesMax: 64 * 1024,
  /** Milliseconds that an answered but still sending client is listened to before the connection is cut. */
  drainMs: 1_000,
} as const;

/** The limits that decide when a slow client is ended; passed in, so that tests need not wait for the real ones. */
export type ClientPace = Readonly<
  Record<'headTimeoutMs' | 'idleMs' | 'bodyBytesPerSecondMin' | 'bodyGraceMs', number>
>;
