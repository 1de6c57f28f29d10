import type { TLSSocket } from 'node:tls';
import { LentViews } from '../lent-views.ts';
import { readInto } from '../user-buffer.ts';
import { readWire } from './read-wire.ts';

/**
 * Bytes of the one buffer that all clients are read into, one after another: a TLS record at least. Node gives each record of a TLS
 * socket in memory of its own, which the garbage collector pays for with collections of the whole heap.
 */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
const views = new LentViews(shared);
/** What a body mostly comes in; made once. */
const WHOLE_RECORD = shared.subarray(0, 16 * 1024);

/** A piece that is no small request's: from here on the wire is read for bodies. */
const LARGE_PIECE_BYTES = 8 * 1024;

/** How a socket is read that is read in pieces. */
export interface PieceReader {
  /** Makes it an ordinary stream again, for another protocol. */
  stop(): void;
}

/**
 * Tells what is read from a TLS socket in pieces that are the listener's until it returns; pause and resume work as ever. Undefined
 * where this Node has no such thing: then it is left a stream.
 */
export function readTlsPieces(socket: TLSSocket, listener: (piece: Buffer) => void): PieceReader | undefined {
  // All that the reader knows of the listener: Node keeps closed sockets, and with them the reader, until the whole heap is collected.
  let onPiece: ((piece: Buffer) => void) | null = listener;
  let isLarge = false;
  const reads = readInto(socket, shared, (bytes) => {
    if (!isLarge && bytes >= LARGE_PIECE_BYTES) {
      isLarge = true;
      readWire(socket);
    }
    const piece = bytes === WHOLE_RECORD.length ? WHOLE_RECORD : views.of(bytes);
    if (onPiece === null) return socket.push(Buffer.from(piece));
    onPiece(piece);
    return true;
  });
  if (!reads) return undefined;
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
