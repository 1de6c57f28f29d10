import type { Duplex } from 'node:stream';
import { encodeChunk, fieldLines } from '@postern/http1';
import type { BodyWriter, WriterListener } from './body.ts';
import type { Field } from './fields.ts';

/** How the other side knows the end of the body. `close`: by the end of the connection. */
export type WriterFraming = 'none' | 'length' | 'chunked' | 'close';

const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1');
const TRAILERS_FOLLOW = Buffer.from('0\r\n', 'latin1');
const LINE_END = Buffer.from('\r\n', 'latin1');

/**
 * Writes one body on an HTTP/1.1 connection, in the framing that its head has promised. A body that brings more or less than its
 * Content-Length ends the connection: what would follow could be read as another message.
 */
export class Http1BodyWriter implements BodyWriter {
  isFull = false;
  readonly #socket: Duplex;
  readonly #framing: WriterFraming;
  readonly #onWritten: (() => void) | undefined;
  /** Bytes of the Content-Length still to come. */
  #left: number;
  #isEnded = false;
  #listener: WriterListener | null = null;

  /** `bytes` counts with the framing `length` alone; `onWritten` is called when the last byte has left. */
  constructor(socket: Duplex, framing: WriterFraming, bytes: number, onWritten?: () => void) {
    this.#socket = socket;
    this.#framing = framing;
    this.#left = framing === 'length' ? bytes : 0;
    this.#onWritten = onWritten;
  }

  get isOpen(): boolean {
    return !this.#isEnded && !this.#socket.destroyed;
  }

  listen(listener: WriterListener): void {
    this.#listener = listener;
  }

  write(chunk: Buffer): boolean {
    const socket = this.#socket;
    if (chunk.length === 0) return !this.isFull;
    let hasRoom: boolean;
    switch (this.#framing) {
      case 'length':
        this.#left -= chunk.length;
        if (this.#left < 0) {
          socket.destroy();
          return true;
        }
        hasRoom = this.#left === 0 ? socket.write(chunk, this.#onWritten) : socket.write(chunk);
        break;
      case 'chunked': {
        const pieces = encodeChunk(chunk);
        hasRoom = true;
        if (pieces.length > 1) socket.cork();
        for (const piece of pieces) hasRoom = socket.write(piece);
        if (pieces.length > 1) socket.uncork();
        break;
      }
      case 'close':
        hasRoom = socket.write(chunk);
        break;
      case 'none':
        socket.destroy();
        return true;
    }
    this.isFull = !hasRoom;
    return hasRoom;
  }

  /** Ends the body; trailers go out where the framing has room for them. */
  end(trailers: readonly Field[]): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (this.#left > 0) socket.destroy();
    else if (this.#framing === 'chunked') socket.write(lastChunkOf(trailers), this.#onWritten);
    else if (this.#framing === 'close') socket.end(this.#onWritten);
  }

  /** The connection has room again. */
  onRoom(): void {
    if (!this.isFull) return;
    this.isFull = false;
    this.#listener?.room();
  }

  /** The connection is gone. */
  onGone(): void {
    const listener = this.#listener;
    this.#listener = null;
    listener?.broken();
  }
}

/** Trailers with a character that no field may hold are left out: the body is whole without them. */
function lastChunkOf(trailers: readonly Field[]): Buffer {
  if (trailers.length === 0) return LAST_CHUNK;
  const lines = trailers.flatMap((field) => {
    try {
      return [fieldLines([field])];
    } catch (error) {
      if (error instanceof TypeError) return [];
      throw error;
    }
  });
  return Buffer.concat([TRAILERS_FOLLOW, ...lines, LINE_END]);
}
