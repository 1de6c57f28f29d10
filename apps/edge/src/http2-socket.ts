import type { Socket } from 'node:net';
import type { Http2ClientConnection, Http2ServerConnection } from '@postern/http2';

/** Bytes that the other side has not read, at which nothing more is read of it: frames without content, which no window keeps back. */
const UNREAD_BYTES_MAX = 1024 * 1024;

/** Writes what a connection has to say. */
export interface TurnWriter {
  /** Something is to be written at the end of the turn. */
  schedule(): void;
}

/** What is done beside the writing. */
export interface TurnEvents {
  /** Tells of what comes, in pieces that are the listener's to keep. */
  read(listener: (piece: Buffer) => void): void;
  before(): void;
  after(): void;
}

/**
 * Ties a connection of HTTP/2 to its socket. Once a turn what all streams have to say goes out as one write, between `before` and
 * `after`. Content waits while the socket is full.
 */
export function tieToSocket(
  socket: Socket,
  http2: () => Http2ServerConnection | Http2ClientConnection,
  { read, before, after }: TurnEvents,
): TurnWriter {
  let isScheduled = false;
  const turn = (): void => {
    isScheduled = false;
    before();
    write(http2().takeOutput());
    after();
  };
  const write = (pieces: readonly Buffer[]): void => {
    if (!socket.writable || pieces.length === 0) return;
    if (pieces.length > 1) socket.cork();
    for (const piece of pieces) socket.write(piece);
    if (pieces.length > 1) socket.uncork();
    if (!socket.writableNeedDrain) return;
    http2().setRoom(false);
    if (socket.writableLength > UNREAD_BYTES_MAX) socket.pause();
  };
  read((piece) => http2().receive(piece));
  socket.on('drain', () => {
    http2().setRoom(true);
    if (socket.isPaused()) socket.resume();
  });
  return {
    schedule() {
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(turn);
    },
  };
}
