import { type BodyKind, BodyReader } from '@postern/http1';
import type { BodyReceiver, BodySource } from '../upstream/body.ts';
import type { Field } from '../upstream/fields.ts';

/** Where the bytes of a body come from. */
export interface BodyFeed {
  /** The body takes bytes now; what is there is given to it at once. */
  flow(): void;
  /** The body has enough; what is on its way still comes. */
  pause(): void;
}

/** The body of one request on a connection. */
export class Http1RequestBody implements BodySource {
  /** The chunks cannot be read: nothing behind them can be. */
  isBroken = false;
  readonly isLent = true;
  readonly #reader = new BodyReader();
  readonly #feed: BodyFeed;
  readonly #toProblem: (error: unknown) => Error;
  #receiver: BodyReceiver | null = null;
  /** Nobody has asked for bytes, or there are enough for now. */
  isPaused = true;
  #isDiscarded = false;

  /** `toProblem` says what is to be told of bytes that are no body. */
  constructor(feed: BodyFeed, kind: BodyKind, bytes: number, toProblem: (error: unknown) => Error) {
    this.#feed = feed;
    this.#toProblem = toProblem;
    this.#reader.begin(kind, bytes);
  }

  /** Nothing of it is to come. */
  get isDone(): boolean {
    return this.#reader.isDone;
  }

  /** Whether there is somebody to take bytes. */
  get takesBytes(): boolean {
    return !this.isDone && !this.isBroken && (this.#receiver !== null || this.#isDiscarded);
  }

  trailers(): readonly Field[] {
    return this.#reader.trailers?.toPairs() ?? [];
  }

  /** Takes bytes and gives the index behind those that belong to the body. */
  take(piece: Buffer): number {
    let at: number;
    try {
      at = this.#reader.read(piece, 0, this.#sink);
    } catch (error) {
      this.isBroken = true;
      this.#tellBroken(this.#toProblem(error));
      return piece.length;
    }
    if (this.isDone) {
      const receiver = this.#receiver;
      this.#receiver = null;
      receiver?.end();
    }
    return at;
  }

  /** The connection is gone. */
  onGone(): void {
    if (!this.isDone) this.#tellBroken();
  }

  start(receiver: BodyReceiver): void {
    if (this.isDone) receiver.end();
    else {
      this.#receiver = receiver;
      this.resume();
    }
  }

  pause(): void {
    if (this.#isDiscarded) return;
    this.isPaused = true;
    if (this.#receiver !== null) this.#feed.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.#feed.flow();
  }

  stop(): void {
    this.#receiver = null;
    this.pause();
  }

  /** Reads the rest away. */
  discard(): void {
    this.#receiver = null;
    this.#isDiscarded = true;
    this.resume();
  }

  readonly #sink = (data: Buffer): void => {
    this.#receiver?.data(data);
  };

  #tellBroken(problem?: Error): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver?.broken(problem);
  }
}
