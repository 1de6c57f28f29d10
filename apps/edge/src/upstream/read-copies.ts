import type { OnReadOpts } from 'node:net';

/** Bytes that all sockets are read into, one after another. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);

/** What is read from one socket. */
export interface Copies {
  /** Given to the socket when it is made. */
  readonly onread: OnReadOpts;
  /** Each piece becomes the listener's; what has come before is told at once. */
  listen(listener: (piece: Buffer) => void): void;
}

/**
 * Reads a socket into one buffer and copies what came: most pieces are short, and Node gives each of them 64 KiB of its own, which the
 * garbage collector pays for.
 */
export function readCopies(): Copies {
  let listener: ((piece: Buffer) => void) | null = null;
  const early: Buffer[] = [];
  return {
    onread: {
      buffer: shared,
      callback(bytes, buffer) {
        const piece = Buffer.from(Buffer.from(buffer.buffer, buffer.byteOffset, bytes));
        if (listener === null) early.push(piece);
        else listener(piece);
        // Who wants a pause says so to the socket.
        return true;
      },
    },
    listen(taker) {
      listener = taker;
      for (const piece of early.splice(0)) taker(piece);
    },
  };
}
