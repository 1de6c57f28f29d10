import type { OnReadOpts } from 'node:net';

/**
 * Bytes of the one buffer that all connections to upstreams are read into, one after another, and nothing is left for the garbage
 * collector: each piece in memory of its own meant a collection of the whole heap for some dozens of MiB. Larger ones cost more (caches).
 */
const BUFFER_BYTES = 64 * 1024;
const NOTHING = Buffer.alloc(0);
let shared: Buffer | undefined;

/** What is read from one socket. */
export interface Pieces {
  /** Given to the socket when it is made. */
  readonly onread: OnReadOpts;
  /** Each piece is the listener's until it returns; an empty one says that bytes came before anybody listened. */
  listen(listener: (piece: Buffer) => void): void;
}

/** Makes a reader for one socket. */
export function readPieces(): Pieces {
  shared ??= Buffer.allocUnsafeSlow(BUFFER_BYTES);
  let listener: ((piece: Buffer) => void) | null = null;
  let hasSpokenFirst = false;
  return {
    onread: {
      buffer: shared,
      callback(bytes, buffer) {
        if (listener === null) hasSpokenFirst = true;
        else listener(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        // Who wants a pause says so to the socket.
        return true;
      },
    },
    listen(taker) {
      listener = taker;
      if (hasSpokenFirst) taker(NOTHING);
    },
  };
}
