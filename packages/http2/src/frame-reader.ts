import { ERROR_CODES, Http2Error, protocol, wrongSize } from './error-codes.ts';
import { FLAG, FRAME, FRAME_BYTES_MAX, FRAME_HEAD_BYTES } from './frames.ts';

/** Hears of frames as they come. What it throws ends the reading. */
export interface FrameListener {
  /** A whole frame of any type but DATA. Its bytes are the listener's. */
  frame(type: number, flags: number, stream: number, payload: Buffer): void;
  /** A DATA frame begins: `length` bytes count for flow control. */
  dataBegins(stream: number, length: number): void;
  /** Bytes of the content of the DATA frame that began last. */
  data(chunk: Buffer): void;
  /** It has ended. */
  dataEnds(isLast: boolean): void;
}

/** Cuts the bytes of a connection into frames (RFC 9113 section 4.1). Content of DATA goes on as it comes, the rest when it is whole. */
export class FrameReader {
  readonly #listener: FrameListener;
  /** The beginning of a frame that has not come whole; null where nothing is held. */
  #held: Buffer | null = null;
  /** Bytes that are still to come of a DATA frame: of its content, and of the padding behind it. */
  #isInData = false;
  #contentLeft = 0;
  #paddingLeft = 0;
  #isLastData = false;
  #prefaceLeft: Buffer;

  /** `preface`: what the other side must begin with. */
  constructor(preface: Buffer, listener: FrameListener) {
    this.#prefaceLeft = preface;
    this.#listener = listener;
  }

  /** Throws Http2Error for what is no frame, and whatever the listener throws. */
  read(piece: Buffer): void {
    const bytes = this.#held === null ? piece : Buffer.concat([this.#held, piece]);
    this.#held = null;
    let at = this.#prefaceLeft.length === 0 ? 0 : this.#readPreface(bytes);
    for (;;) {
      if (this.#isInData) {
        at = this.#readData(bytes, at);
        // Asked before anything else: an empty frame ends where it begins.
        if (this.#isInData) return;
      }
      if (at === bytes.length) return;
      const next = this.#readFrame(bytes, at);
      if (next === -1) {
        this.#held = bytes.subarray(at);
        return;
      }
      at = next;
    }
  }

  #readPreface(bytes: Buffer): number {
    const length = Math.min(bytes.length, this.#prefaceLeft.length);
    if (!bytes.subarray(0, length).equals(this.#prefaceLeft.subarray(0, length)))
      throw protocol('the connection does not begin with the preface');
    this.#prefaceLeft = this.#prefaceLeft.subarray(length);
    return length;
  }

  /** Gives the index behind the frame, or behind the head of a DATA frame; -1: more must come first. */
  #readFrame(bytes: Buffer, at: number): number {
    const left = bytes.length - at;
    if (left < FRAME_HEAD_BYTES) return -1;
    const length = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const type = bytes[at + 3] ?? 0;
    const flags = bytes[at + 4] ?? 0;
    const stream = bytes.readUInt32BE(at + 5) & 0x7fff_ffff;
    if (length > FRAME_BYTES_MAX) throw new Http2Error(ERROR_CODES.frameSize, 'a frame is too long');
    const start = at + FRAME_HEAD_BYTES;
    if (type !== FRAME.data) {
      if (bytes.length - start < length) return -1;
      this.#listener.frame(type, flags, stream, bytes.subarray(start, start + length));
      return start + length;
    }
    const isPadded = (flags & FLAG.padded) !== 0;
    // The length of the padding belongs to the head.
    if (isPadded && length > 0 && bytes.length === start) return -1;
    const padding = isPadded ? (bytes[start] ?? 0) + 1 : 0;
    if (padding > length) throw protocol('a DATA frame has more padding than bytes');
    this.#isInData = true;
    this.#isLastData = (flags & FLAG.endStream) !== 0;
    this.#contentLeft = length - padding;
    this.#paddingLeft = isPadded ? padding - 1 : 0;
    this.#listener.dataBegins(stream, length);
    return start + (isPadded ? 1 : 0);
  }

  #readData(bytes: Buffer, start: number): number {
    let at = start;
    if (this.#contentLeft > 0 && at < bytes.length) {
      const content = Math.min(this.#contentLeft, bytes.length - at);
      this.#contentLeft -= content;
      this.#listener.data(bytes.subarray(at, at + content));
      at += content;
    }
    const padding = Math.min(this.#paddingLeft, bytes.length - at);
    this.#paddingLeft -= padding;
    at += padding;
    if (this.#contentLeft === 0 && this.#paddingLeft === 0) {
      this.#isInData = false;
      this.#listener.dataEnds(this.#isLastData);
    }
    return at;
  }
}

/** The payload of WINDOW_UPDATE and RST_STREAM. */
export function readNumber(payload: Buffer): number {
  if (payload.length !== 4) throw wrongSize('a frame');
  return payload.readUInt32BE(0);
}
