import { ERROR_CODES, Http2Error } from './error-codes.ts';
import type { FrameWriter } from './frame-writer.ts';
import { WINDOW_BYTES, WINDOW_BYTES_MAX } from './frames.ts';
import { TURN_BYTES_MAX } from './http2-limits.ts';
import type { Http2Stream } from './http2-stream.ts';
import { StreamQueue } from './stream-queue.ts';

/** Sends the content of all streams of a connection, a frame of each in turn, as far as the windows and the socket let it. */
export class ContentSender {
  /** The socket takes more content. */
  hasRoom = true;
  readonly #writer: FrameWriter;
  readonly #onSent: (stream: Http2Stream, bytes: number) => void;
  #window = WINDOW_BYTES;
  /** Streams with something to send that their own windows let through. */
  readonly #sending = new StreamQueue();
  /** Streams with content that waits for the connection's window. */
  readonly #waiting = new StreamQueue();

  /** `onSent` hears of each frame. */
  constructor(writer: FrameWriter, onSent: (stream: Http2Stream, bytes: number) => void) {
    this.#writer = writer;
    this.#onSent = onSent;
  }

  get canSend(): boolean {
    return this.hasRoom && !this.#sending.isEmpty;
  }

  add(stream: Http2Stream): void {
    // One that waits for the connection's window has its place behind it.
    if (stream.queue === null && !stream.isHeldByWindow) this.#sending.push(stream);
  }

  delete(stream: Http2Stream): void {
    stream.queue?.delete(stream);
  }

  /** WINDOW_UPDATE of the connection. */
  widen(bytes: number): void {
    this.#window += bytes;
    if (this.#window > WINDOW_BYTES_MAX)
      throw new Http2Error(ERROR_CODES.flowControl, 'the window of the connection is too large');
    for (let stream = this.#waiting.shift(); stream !== null; stream = this.#waiting.shift())
      this.add(stream);
  }

  /** Writes what can be sent, up to TURN_BYTES_MAX. */
  send(): void {
    // A stream that is put back is met again, behind the others.
    while (this.hasRoom && this.#writer.pendingBytes < TURN_BYTES_MAX) {
      const stream = this.#sending.shift();
      if (stream === null) return;
      if (!stream.hasMoreToSend) continue;
      const bytes = stream.send(this.#writer, this.#window);
      this.#window -= bytes;
      if (stream.hasMoreToSend && !stream.isHeldByWindow)
        (this.#window > 0 ? this.#sending : this.#waiting).push(stream);
      this.#onSent(stream, bytes);
      stream.tellRoom();
    }
  }
}
