import type { BodyReceiver, BodySource, BodyWriter, WriterListener } from '../upstream/body.ts';

export interface PumpListener {
  /** Hears of each chunk's bytes before it is written; false stops the pump. */
  onChunk(bytes: number): boolean;
  /** The writer is full: nothing is read until it has room again. */
  onFull(): void;
  onRoom(): void;
  /** The body is whole. */
  onEnd(): void;
  /** Either side ended before the body; with the problem where the sender is to be told of one. */
  onBroken(problem?: Error): void;
}

/**
 * Moves a body chunk by chunk, at the pace of the slower side; leaves the writer open for trailers. Its listener hears of one end,
 * or of none when it is stopped.
 */
export class Pump implements BodyReceiver, WriterListener {
  readonly #from: BodySource;
  readonly #to: BodyWriter;
  readonly #listener: PumpListener;
  #isOver = false;

  constructor(from: BodySource, to: BodyWriter, listener: PumpListener) {
    this.#from = from;
    this.#to = to;
    this.#listener = listener;
  }

  /** Begins; what is there already is moved before it returns. */
  start(): void {
    this.#to.listen(this);
    this.#from.start(this);
  }

  /** Lets go of both sides; the reader is left paused. Without effect after the end. */
  stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#from.stop();
  }

  room(): void {
    if (this.#isOver) return;
    this.#listener.onRoom();
    this.#from.resume();
  }

  data(chunk: Buffer): void {
    if (this.#isOver || !this.#listener.onChunk(chunk.length)) return;
    const to = this.#to;
    if (!to.isOpen) this.broken();
    else if (!to.write(this.#from.isLent && to.keepsBytes ? Buffer.from(chunk) : chunk)) {
      this.#from.pause();
      this.#listener.onFull();
    }
  }

  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.onEnd();
  }

  broken(problem?: Error): void {
    if (this.#isOver) return;
    this.stop();
    this.#listener.onBroken(problem);
  }
}
