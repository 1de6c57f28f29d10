import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { LentViews } from '../lent-views.ts';

/**
 * Bytes of the one buffer that all clients are read into, one after another: a TLS record at least. Node gives each record of a TLS
 * socket in memory of its own, which the garbage collector pays for with collections of the whole heap.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
const views = new LentViews(shared);
/** What a body mostly comes in; made once. */
const WHOLE_RECORD = shared.subarray(0, 16 * 1024);

/** What Node keeps of `onread` (node:net), which it takes for sockets that connect and leaves out for one that is made of another. */
interface Internals {
  readonly _handle: { useUserBuffer?: (buffer: Buffer) => void } | null;
}
const symbols = Object.getOwnPropertySymbols(new Socket());
const [bufferKey, callbackKey] = ['kBuffer', 'kBufferCb'].map((name) =>
  symbols.find(({ description }) => description === name),
);

/** How a socket is read that is read in pieces. */
export interface PieceReader {
  /** Makes it an ordinary stream again, for another protocol. */
  stop(): void;
}

/**
 * Tells what is read from a TLS socket in pieces that are the listener's until it returns; pause and resume work as ever. Undefined
 * where this Node has no such thing: then it is left a stream.
 * Never for the wire below TLS: Node tells its reader, and no longer TLS, that a write which had to wait has left, and TLS writes nothing more.
 */
export function readTlsPieces(socket: TLSSocket, listener: (piece: Buffer) => void): PieceReader | undefined {
  const handle = (socket as unknown as Internals)._handle;
  if (bufferKey === undefined || callbackKey === undefined || typeof handle?.useUserBuffer !== 'function')
    return undefined;
  // All that the reader knows of the listener: Node keeps closed sockets, and with them the reader, until the whole heap is collected.
  let onPiece: ((piece: Buffer) => void) | null = listener;
  Reflect.set(socket, bufferKey, shared);
  Reflect.set(socket, callbackKey, (bytes: number): boolean => {
    const piece = bytes === WHOLE_RECORD.length ? WHOLE_RECORD : views.of(bytes);
    if (onPiece === null) return socket.push(Buffer.from(piece));
    onPiece(piece);
    return true;
  });
  handle.useUserBuffer(shared);
  process.nextTick(() => {
    for (let early: unknown = socket.read(); Buffer.isBuffer(early); early = socket.read()) onPiece?.(early);
    // Without it nobody would hear of the end.
    if (!socket.isPaused()) socket.resume();
  });
  return {
    stop() {
      onPiece = null;
    },
  };
}
