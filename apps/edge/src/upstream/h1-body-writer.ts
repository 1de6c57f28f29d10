import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { chunkSizeLine, fieldLines, giveHeadBack } from '@postern/http1';
import { LentViews } from '../lent-views.ts';
import { sentBytes } from '../sent-bytes.ts';
import type { BodyWriter, WriterListener } from './body.ts';
import type { Field } from './fields.ts';
import { BLOCK_BYTES, giveBlock, takeBlock } from './send-blocks.ts';
import { type WrittenAtOnce, writeAtOnce } from './write-at-once.ts';

/** How the other side knows the end of the body. `close`: by the end of the connection. */
export type WriterFraming = 'none' | 'length' | 'chunked' | 'close';

const LAST_CHUNK = Buffer.from('0\r\n\r\n', 'latin1');
const TRAILERS_FOLLOW = Buffer.from('0\r\n', 'latin1');
const LINE_END = Buffer.from('\r\n', 'latin1');

/** Bytes of a body that wait for a plain connection to take them; each pause of the other side costs it its pace. */
const WAITING_BYTES_MAX = 256 * 1024;
/** The same for TLS, where waiting costs a copy: of what is written while nothing waits, records are made at once. */
const WAITING_SECURE_BYTES_MAX = 64 * 1024;

/** Where a head and one read of an upstream are put side by side for TLS, to share records and one write; used by all, for no longer than that. */
const joined = Buffer.allocUnsafeSlow(192 * 1024);
const viewsOfJoined = new LentViews(joined);

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
  /** What waits to be written: to a plain connection for the end of the turn, to TLS for what went before; null: nothing. */
  #block: Buffer | null = null;
  #blockBytes = 0;
  /** Writes of the body that the connection has not taken yet. */
  #writesOut = 0;
  #onTaken: (() => void) | undefined;
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

  get sentBytes(): number {
    return sentBytes(this.#socket);
  }

  /** TLS has made its records of what is written to an idle socket when `write` returns; all else is copied into blocks. */
  readonly keepsBytes = false;

  listen(listener: WriterListener): void {
    this.#listener = listener;
  }

  write(chunk: Buffer): boolean {
    if (chunk.length === 0) return !this.isFull;
    switch (this.#framing) {
      case 'length':
        this.#left -= chunk.length;
        if (this.#left < 0) {
          this.#socket.destroy();
          return true;
        }
        this.#send(null, chunk);
        break;
      case 'chunked':
        this.#send(chunkSizeLine(chunk.length), chunk);
        break;
      case 'close':
        this.#send(null, chunk);
        break;
      case 'none':
        this.#socket.destroy();
        return true;
    }
    this.isFull = this.#isCrowded();
    return !this.isFull;
  }

  flush(): void {
    if (this.#head !== null && !this.#socket.destroyed) this.#sendFraming(null, this.#isWhole());
    this.#sendBlock();
  }

  /** Ends the body; trailers go out where the framing has room for them. */
  end(trailers: readonly Field[]): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    const socket = this.#socket;
    if (socket.destroyed) return;
    if (this.#left > 0) socket.destroy();
    else if (this.#framing === 'chunked') this.#sendFraming(lastChunkOf(trailers), true);
    else if (this.#head !== null) this.#sendFraming(null, this.#isWhole());
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

  /** Whether as much waits as may. */
  #isCrowded(): boolean {
    const max = this.#isSecure ? WAITING_SECURE_BYTES_MAX : WAITING_BYTES_MAX;
    return this.#socket.writableLength + this.#blockBytes >= max;
  }

  /** Writes what stands before the body and what stands behind it, at once and behind all that waits. */
  #sendFraming(tail: Buffer | null, isLast: boolean): void {
    const head = this.#head;
    this.#head = null;
    if (this.#block !== null) {
      if (tail !== null) this.#gather(tail);
      this.#sendBlock(isLast);
      return;
    }
    const together = head === null || tail === null ? (head ?? tail) : Buffer.concat([head, tail]);
    if (together === null) return;
    const socket = this.#socket;
    // The most frequent write of all is that of a request without a body.
    let outcome: WrittenAtOnce = 'refused';
    if (isLast && this.#onWritten === undefined) outcome = writeAtOnce(socket, together);
    if (outcome === 'refused') {
      if (isLast) socket.write(together, this.#onWritten);
      else socket.write(together);
      if (!this.#isSecure && socket.writableLength === 0) outcome = 'taken';
    }
    if (outcome === 'taken' && together === head) giveHeadBack(head);
  }

  /** Writes data of the body, and what stands before them. With a size line they are a chunk. */
  #send(sizeLine: Buffer | null, data: Buffer): void {
    const head = this.#head;
    this.#head = null;
    const socket = this.#socket;
    const isIdle = this.#block === null && socket.writableLength === 0 && socket.writableCorked === 0;
    const together = this.#isSecure && isIdle ? joinForTls(head, sizeLine, data) : null;
    if (together === null) {
      if (head !== null) this.#gather(head);
      if (sizeLine !== null) this.#gather(sizeLine);
      this.#gather(data);
      if (sizeLine !== null) this.#gather(LINE_END);
    } else if (this.#isWhole()) {
      socket.write(together, this.#onWritten);
    } else {
      this.#writesOut += 1;
      const onTaken = this.#onTaken ?? (() => this.#taken());
      this.#onTaken = onTaken;
      socket.write(together, onTaken);
    }
    // Copied by now.
    if (head !== null) giveHeadBack(head);
  }

  /** Copies a piece into blocks; a block goes out when it is full, when what went before has left, or at the end of the turn. */
  #gather(piece: Buffer): void {
    let at = 0;
    while (at < piece.length) {
      // Sent in the middle, a block is never the last one.
      if (this.#blockBytes === BLOCK_BYTES) this.#sendBlock(false);
      if (this.#block === null) {
        this.#block = takeBlock();
        setImmediate(sendBlockOf, this);
      }
      const copied = piece.copy(this.#block, this.#blockBytes, at);
      at += copied;
      this.#blockBytes += copied;
    }
  }

  #sendBlock(isLast = this.#isWhole()): void {
    const block = this.#block;
    if (block === null) return;
    const bytes = this.#blockBytes;
    this.#block = null;
    this.#blockBytes = 0;
    if (this.#socket.destroyed) return;
    this.#writesOut += 1;
    this.#socket.write(block.subarray(0, bytes), (error) => {
      // Of a write that failed nobody knows who still reads its bytes.
      if ((error ?? null) === null) giveBlock(block);
      if (isLast) this.#onWritten?.(error);
      else this.#taken();
    });
  }

  /** The connection has taken one write of the body. */
  #taken(): void {
    this.#writesOut -= 1;
    if (this.#writesOut === 0) this.#sendBlock();
    if (!this.#isCrowded()) this.onRoom();
  }

  /** Not while another block waits: byte by byte, each would wait in a block of its own. The last one to leave sends what has come. */
  static sendBlockOf(writer: Http1BodyWriter): void {
    if (writer.#writesOut === 0) writer.#sendBlock();
  }
}

const { sendBlockOf } = Http1BodyWriter;

/** All as one; more than data alone in memory that is used again for the next. Null: they are too long for it. */
function joinForTls(head: Buffer | null, sizeLine: Buffer | null, data: Buffer): Buffer | null {
  if (head === null && sizeLine === null) return data;
  const bytes =
    (head?.length ?? 0) + (sizeLine === null ? 0 : sizeLine.length + LINE_END.length) + data.length;
  if (bytes > joined.length) return null;
  let at = head?.copy(joined) ?? 0;
  if (sizeLine !== null) at += sizeLine.copy(joined, at);
  at += data.copy(joined, at);
  if (sizeLine !== null) at += LINE_END.copy(joined, at);
  return viewsOfJoined.of(at);
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
