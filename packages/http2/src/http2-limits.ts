import type { FieldListLimits } from './hpack-decoder.ts';

/** Bounds of what the other side may send on one connection. */
export interface Http2Limits {
  /** Bytes that may come for a stream, and for all streams together, before any of it is taken. */
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
  /** Bytes of content that may wait for their takers, over all streams, before the connection's window is left closed. */
  readonly heldBytesMax: number;
  /** Streams that the other side may have open at a time. */
  readonly concurrentStreamsMax: number;
  /** What is announced (SETTINGS_MAX_HEADER_LIST_SIZE), in bytes; `fieldList` is what is really taken. */
  readonly headerListBytes: number;
  readonly fieldList: FieldListLimits;
  /** Streams that may end by a reset in consequence of what the other side does: at once, and per second after that (CVE-2023-44487, CVE-2025-8671). */
  readonly resetBurst: number;
  readonly resetsPerSecond: number;
  /**
   * PING, SETTINGS and their acknowledgements, PRIORITY, GOAWAY, unknown frames, DATA without content, and HEADERS of streams that have
   * ended: at once, and per second after that. Every frame of content sent gives one more.
   */
  readonly controlBurst: number;
  readonly controlsPerSecond: number;
  /** The same for WINDOW_UPDATE, of which every frame of content sent gives ten more, and of which a client sends up to two for each. */
  readonly updateBurst: number;
  /** Malformed messages on one connection; no client that works sends any. */
  readonly malformedMax: number;
}

/** Bytes of a header block as it comes, over all of its frames. */
export const BLOCK_BYTES_MAX = 64 * 1024;
/** CONTINUATION frames of a block (CVE-2024-27316): as many as its bytes can need, and some. */
export const CONTINUATIONS_MAX = 8;
/** Bytes that one turn writes: more waits for the socket. */
export const TURN_BYTES_MAX = 256 * 1024;
