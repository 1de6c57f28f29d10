import { FLAG, FRAME, FRAME_BYTES_MAX, FRAME_HEAD_BYTES } from './frames.ts';

/** Bytes of a slab: the answers of some dozens of streams share one, and the pool of Buffer has room for it. */
const SLAB_BYTES = 4_000;
/** Content of this size and more is not copied. */
const OWN_PIECE_BYTES = 2_048;

/** Collects the frames of a turn, small ones side by side, so that they go out as one write. */
export class FrameWriter {
  /** Bytes that wait to be taken. */
  pendingBytes = 0;
  #pieces: Buffer[] = [];
  #slab: Buffer | null = null;
  #start = 0;
  #at = 0;

  /** Gives what has been written since the last call; the bytes are the caller's. */
  take(): Buffer[] {
    this.#closePiece();
    this.#slab = null;
    const pieces = this.#pieces;
    this.#pieces = [];
    this.pendingBytes = 0;
    return pieces;
  }

  /** Bytes that are no frame. */
  raw(bytes: Buffer): void {
    this.#copy(bytes);
  }

  frame(type: number, flags: number, stream: number, payload: Buffer): void {
    this.#head(type, flags, stream, payload.length);
    this.#content(payload);
  }

  /** A frame whose payload is one number of 32 bits: RST_STREAM, WINDOW_UPDATE. */
  number(type: number, stream: number, value: number): void {
    this.#head(type, 0, stream, 4);
    this.#at = this.#room(4).writeUInt32BE(value, this.#at);
    this.pendingBytes += 4;
  }

  /** A header block in as many frames as it takes. */
  headers(stream: number, block: Buffer, isLast: boolean): void {
    let type: number = FRAME.headers;
    let flags: number = isLast ? FLAG.endStream : 0;
    let at = 0;
    do {
      const end = Math.min(block.length, at + FRAME_BYTES_MAX);
      const isWhole = end === block.length;
      // Always copied: the block is the encoder's.
      this.#head(type, isWhole ? flags | FLAG.endHeaders : flags, stream, end - at);
      this.#copy(block.subarray(at, end));
      type = FRAME.continuation;
      flags = 0;
      at = end;
    } while (at < block.length);
  }

  #head(type: number, flags: number, stream: number, length: number): void {
    const slab = this.#room(FRAME_HEAD_BYTES);
    const at = this.#at;
    slab[at] = length >> 16;
    slab[at + 1] = length >> 8;
    slab[at + 2] = length;
    slab[at + 3] = type;
    slab[at + 4] = flags;
    slab.writeUInt32BE(stream, at + 5);
    this.#at = at + FRAME_HEAD_BYTES;
    this.pendingBytes += FRAME_HEAD_BYTES;
  }

  #content(bytes: Buffer): void {
    if (bytes.length < OWN_PIECE_BYTES) {
      this.#copy(bytes);
      return;
    }
    this.#closePiece();
    this.#pieces.push(bytes);
    this.pendingBytes += bytes.length;
  }

  #copy(bytes: Buffer): void {
    if (bytes.length === 0) return;
    const slab = this.#room(bytes.length);
    slab.set(bytes, this.#at);
    this.#at += bytes.length;
    this.pendingBytes += bytes.length;
  }

  /** A slab with room for so many bytes at `#at`. What was taken of one is never written again. */
  #room(bytes: number): Buffer {
    if (this.#slab !== null && this.#slab.length - this.#at >= bytes) return this.#slab;
    this.#closePiece();
    this.#slab = Buffer.allocUnsafe(Math.max(SLAB_BYTES, bytes));
    this.#start = 0;
    this.#at = 0;
    return this.#slab;
  }

  #closePiece(): void {
    if (this.#slab === null || this.#at === this.#start) return;
    this.#pieces.push(this.#slab.subarray(this.#start, this.#at));
    this.#start = this.#at;
  }
}
