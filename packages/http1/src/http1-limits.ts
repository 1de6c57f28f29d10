const KIB = 1024;

/** Bounds of a message head. */
export interface HeadLimits {
  /** Bytes of the whole head, from its first byte to the end of its empty line. */
  readonly headBytesMax: number;
  /** Field lines. */
  readonly fieldsMax: number;
  /** Bytes of a request target; a response has none. */
  readonly targetBytesMax: number;
  /** Members of all Connection fields: each is compared with each field when a head is passed on. */
  readonly connectionOptionsMax: number;
}

/** What a client may send. */
export const REQUEST_HEAD_LIMITS: HeadLimits = {
  /** 32 KiB: what common servers take, and small enough to be held for each connection at once. */
  headBytesMax: 32 * KIB,
  /** 100: browsers send about 20. */
  fieldsMax: 100,
  /** 16 KiB: twice the 8,000 octets that RFC 9112 section 3 asks for, and half of a head. */
  targetBytesMax: 16 * KIB,
  /** 16: real clients send one or two. */
  connectionOptionsMax: 16,
};

/** What an upstream may send; it is trusted further than a client (large cookies, long Link and policy fields). */
export const RESPONSE_HEAD_LIMITS: HeadLimits = {
  headBytesMax: 64 * KIB,
  fieldsMax: 256,
  targetBytesMax: 0,
  connectionOptionsMax: 16,
};

/** Bounds of the framing inside a body. */
export interface BodyLimits {
  /** Bytes of one chunk's size line. */
  readonly chunkLineBytesMax: number;
  /** Bytes of all chunk extensions of a body. */
  readonly extensionBytesMax: number;
  /** Bytes of a trailer section with its empty line. */
  readonly trailerBytesMax: number;
  /** Field lines of a trailer section. */
  readonly trailerFieldsMax: number;
}

export const BODY_LIMITS: BodyLimits = {
  /** 256 bytes: a size has eight digits at most, and no extension is in common use. */
  chunkLineBytesMax: 256,
  /** 4 KiB: extensions are read and dropped, and must not become a body of their own (CVE-2023-39326, CVE-2024-22019). */
  extensionBytesMax: 4 * KIB,
  /** 8 KiB: trailers carry checksums, states and signatures. */
  trailerBytesMax: 8 * KIB,
  trailerFieldsMax: 32,
};

/** Hex digits of a chunk size: 4 GiB less one byte, more than any program holds in memory to send at once. */
export const CHUNK_SIZE_DIGITS_MAX = 8;

/** Decimal digits of a Content-Length: 999 TiB, and always a safe integer. */
export const CONTENT_LENGTH_DIGITS_MAX = 15;
