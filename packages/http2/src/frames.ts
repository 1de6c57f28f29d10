/** Frame types (RFC 9113 section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Frame flags; END_STREAM and ACK share a bit. */
export const FLAG = { ack: 1, endStream: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** Settings (RFC 9113 section 6.5.2). */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  concurrentStreamsMax: 3,
  initialWindow: 4,
  frameBytesMax: 5,
  headerListMax: 6,
} as const;

/** Bytes of a frame's payload that each side takes until it says more; nobody is told more here (RFC 9113 section 4.2). */
export const FRAME_BYTES_MAX = 16_384;
/** Bytes of a flow-control window before anything is said of it (RFC 9113 section 6.9.2). */
export const WINDOW_BYTES = 65_535;
/** The largest window (RFC 9113 section 6.9.1). */
export const WINDOW_BYTES_MAX = 2 ** 31 - 1;
export const FRAME_HEAD_BYTES = 9;
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'latin1');
