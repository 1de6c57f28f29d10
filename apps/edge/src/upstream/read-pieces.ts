import type { OnReadOpts } from 'node:net';
import { LentViews } from '../lent-views.ts';

/**
 * Bytes of the one buffer that all connections to upstreams are read into, one after another, and nothing is left for the garbage
 * collector: each piece in memory of its own meant a collection of the whole heap for some dozens of MiB. It is read in few turns of the loop, and one read is what a client that takes nothing keeps of an answer.
 */
const BUFFER_BYTES = 128 * 1024;
const NOTHING = Buffer.alloc(0);
let shared: { readonly buffer: Buffer; readonly views: LentViews } | undefined;

/** What is read from one socket. */
export interface Pieces {
  /** Given to the socket when it is made. */
  readonly onread: OnReadOpts;
  /** Each piece is the listener's until it returns, and with false it asks for a pause; an empty one says that bytes came before anybody listened. */
  listen(listener: (piece: Buffer) => boolean): void;
}

/** Makes a reader for one socket. */
export function readPieces(): Pieces {
  shared ??= shareMemory();
  const { buffer, views } = shared;
  let listener: ((piece: Buffer) => boolean) | null = null;
  let hasSpokenFirst = false;
  return {
    onread: {
      buffer,
      callback(bytes) {
        if (listener !== null) return listener(views.of(bytes));
        hasSpokenFirst = true;
        return true;
      },
    },
    listen(taker) {
      listener = taker;
      if (hasSpokenFirst) taker(NOTHING);
    },
  };
}

function shareMemory(): NonNullable<typeof shared> {
  const buffer = Buffer.allocUnsafeSlow(BUFFER_BYTES);
  return { buffer, views: new LentViews(buffer) };
}
