import { ERROR_CODES, Http2Error } from './error-codes.ts';
import type { Http2Limits } from './http2-limits.ts';
import type { Http2Stream } from './http2-stream.ts';

/**
 * The flow control of what comes (RFC 9113 section 5.2). A stream's window is given back as its content is taken. The connection's is
 * given back at once, so that no stream waits for another one, until too much of it waits to be taken.
 */
export class ReceiveAccount {
  readonly #limits: Http2Limits;
  readonly #giveBack: (stream: number, bytes: number) => void;
  #window: number;
  #uncreditedBytes = 0;
  #heldBytes = 0;

  /** `giveBack` sends WINDOW_UPDATE; stream 0 is the connection. */
  constructor(limits: Http2Limits, giveBack: (stream: number, bytes: number) => void) {
    this.#limits = limits;
    this.#giveBack = giveBack;
    this.#window = limits.connectionWindowBytes;
  }

  /** A DATA frame has begun. */
  came(bytes: number): void {
    if (bytes > this.#window)
      throw new Http2Error(ERROR_CODES.flowControl, 'more DATA than the connection has room for');
    this.#window -= bytes;
    this.#uncreditedBytes += bytes;
    this.#creditConnection();
  }

  /** Content waits to be taken. */
  held(bytes: number): void {
    this.#heldBytes += bytes;
  }

  released(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#creditConnection();
  }

  /** Bytes of an open stream's window are free again. */
  credit(stream: Http2Stream, bytes: number): void {
    if (stream.isRemoteDone) return;
    stream.uncreditedBytes += bytes;
    if (stream.uncreditedBytes < this.#limits.streamWindowBytes / 2) return;
    this.#giveBack(stream.id, stream.uncreditedBytes);
    stream.receiveWindow += stream.uncreditedBytes;
    stream.uncreditedBytes = 0;
  }

  #creditConnection(): void {
    const { connectionWindowBytes, heldBytesMax } = this.#limits;
    if (this.#uncreditedBytes < connectionWindowBytes / 2 || this.#heldBytes > heldBytesMax) return;
    this.#giveBack(0, this.#uncreditedBytes);
    this.#window += this.#uncreditedBytes;
    this.#uncreditedBytes = 0;
  }
}
