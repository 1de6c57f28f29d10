import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { encodeChunk, fieldLines } from '@postern/http1';
import type { BodyWriter, WriterListener } from './body.ts';
import type { Field } from './fields.ts';
import { BLOCK_BYTES, giveBlock, takeBlock } from './send-blocks.ts';

/** How the other side knows the end of the body. `close`: by the end of the connection. */
export type WriterFraming = 'none' | 'length' | 'chunked' | 'close';

const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1');
const TRAILERS_FOLLOW = Buffer.from('0\r\n', 'latin1');
const LINE_END = Buffer.from('\r\n', 'latin1');

/** Bytes. A piece of a body up to this size shares a Buffer, and so a write and a TLS record, with the head before it. */
const JOINED_BYTES_MAX = 16 * 1024;
/** Bytes of a body that wait for a plain connection to take them; each pause of the other side costs it its pace. More than a high-water mark. */
const WAITING_BYTES_MAX = 256 * 1024;

/**
 * Writes a head and one body on an HTTP/1.1 connection, in the framing that the head has promised. The head waits for the first of
 * the body, or a `flush`. A body that brings more or less than its Content-Length ends the connection: what would follow could be
 * read as another message.
 */
export class Http1BodyWriter implements BodyWriter {
  isFull = false;
  readonly #socket: Duplex;
  readonly #framing: WriterFraming;
  readonly #onWritten: ((error?: Error | null) => void) | undefined;
  readonly #isSecure: boolean;
  /** What was written to a plain connection in this turn; null: nothing. */
  #block: Buffer | null = null;
  #blockBytes = 0;
  /** Blocks that the connection has not taken yet. */
  #blocksOut = 0;
  /** Until it is written. */
  #head: Buffer | null;
  /** Bytes of the Content-Length still to come. */
  #left: number;
  #isEnded = false;
  #listener: WriterListener | null = null;

  /** `bytes` counts with the framing `length` alone; `onWritten` is called when the last byte has left. */
  constructor(
    socket: Duplex,
    framing: WriterFraming,
    bytes: number,
    head: Buffer | null,
    onWritten?: (error?: Error | null) => void,
  ) {
    this.#socket = socket;
    this.#framing = framing;
    this.#left = framing === 'length' ? bytes : 0;
    this.#head = head;
    this.#onWritten = onWritten;
    this.#isSecure = socket instanceof TLSSocket;
  }

  get isOpen(): boolean {
    return !this.#isEnded && !this.#socket.destroyed;
  }

  /** TLS has made its records of what is written to an idle socket when `write` returns; for a plain one bytes are gathered in blocks. */
  get keepsBytes(): boolean {
    return this.#isSecure && (this.#socket.writableLength > 0 || this.#socket.writableCorked > 0);
  }

  listen(listener: WriterListener): void {
    this.#listener = listener;
  }

  write(chunk: Buffer): boolean {
    if (chunk.length === 0) return !this.isFull;
    let hasRoom: boolean;
    switch (this.#framing) {
      case 'length':
        this.#left -= chunk.length;
        if (this.#left < 0) {
          this.#socket.destroy();
          return true;
        }
        hasRoom = this.#send([chunk], chunk.length, this.#left === 0);
        break;
      case 'chunked':
        hasRoom = this.#send(encodeChunk(chunk), chunk.length, false);
        break;
      case 'close':
        hasRoom = this.#send([chunk], chunk.length, false);
        break;
      case 'none':
        this.#socket.destroy();
        return true;
    }
    this.isFull = !hasRoom;
    return hasRoom;
  }

  flush(): void {
    if (this.#head !== null && !this.#socket.destroyed) this.#send([], 0, this.#isWhole());
    this.#sendBlock();
  }

  /** Ends the body; trailers go out where the framing has room for them. */
  end(trailers: readonly Field[]): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (this.#left > 0) socket.destroy();
    else if (this.#framing === 'chunked') this.#send([lastChunkOf(trailers)], 0, true);
    else if (this.#head !== null) this.#send([], 0, this.#isWhole());
    this.#sendBlock();
    if (this.#framing === 'close') socket.end(this.#onWritten);
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

  /** Whether nothing is to come behind the head. */
  #isWhole(): boolean {
    return this.#framing === 'none' || (this.#framing === 'length' && this.#left === 0);
  }

  /** Writes what stands before the pieces together with them, at once. `bytes` of them are of the body. */
  #send(pieces: readonly Buffer[], bytes: number, isLast: boolean): boolean {
    const socket = this.#socket;
    const head = this.#head;
    this.#head = null;
    let all = head === null ? pieces : [head, ...pieces];
    if (!this.#isSecure && bytes > 0) return this.#gather(all);
    this.#sendBlock();
    if (head !== null && bytes <= JOINED_BYTES_MAX) all = [Buffer.concat(all)];
    const last = all.length - 1;
    if (last > 0) socket.cork();
    let hasRoom = true;
    for (let index = 0; index <= last; index += 1) {
      const piece = all[index] as Buffer;
      hasRoom = isLast && index === last ? socket.write(piece, this.#onWritten) : socket.write(piece);
    }
    if (last > 0) socket.uncork();
    return hasRoom;
  }

  /** Copies pieces of a body into blocks; a block goes out when it is full, or at the end of the turn. */
  #gather(pieces: readonly Buffer[]): boolean {
    for (const piece of pieces) {
      let at = 0;
      while (at < piece.length) {
        // Sent in the middle, a block is never the last one.
        if (this.#blockBytes === BLOCK_BYTES) this.#sendBlock(false);
        if (this.#block === null) {
          this.#block = takeBlock();
          this.#blockBytes = 0;
          setImmediate(sendBlockOf, this);
        }
        const copied = piece.copy(this.#block, this.#blockBytes, at);
        at += copied;
        this.#blockBytes += copied;
      }
    }
    return this.#socket.writableLength + this.#blockBytes < WAITING_BYTES_MAX;
  }

  #sendBlock(isLast = this.#isWhole()): void {
    const block = this.#block;
    if (block === null) return;
    this.#block = null;
    const bytes = this.#blockBytes;
    this.#blockBytes = 0;
    if (this.#socket.destroyed) return;
    this.#blocksOut += 1;
    const hasRoom = this.#socket.write(block.subarray(0, bytes), (error) => {
      this.#blocksOut -= 1;
      // Of a write that failed nobody knows who still reads its bytes.
      if ((error ?? null) === null) giveBlock(block);
      if (isLast) this.#onWritten?.(error);
      else if (this.#blocksOut === 0) this.#sendBlock();
    });
    // Otherwise 'drain' follows.
    if (hasRoom) this.onRoom();
  }

  /** Not while another block waits: byte by byte, each would wait in a block of its own. The last one to leave sends what has come. */
  static sendBlockOf(writer: Http1BodyWriter): void {
    if (writer.#blocksOut === 0) writer.#sendBlock();
  }
}

const { sendBlockOf } = Http1BodyWriter;

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
