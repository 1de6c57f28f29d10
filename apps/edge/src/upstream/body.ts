import type { Field } from './fields.ts';

/** Hears of a body as it comes; after `end` or `broken` of nothing more. */
export interface BodyReceiver {
  /** Bytes of the body; of a source that lends them they are to be used or copied before it returns. */
  data(chunk: Buffer): void;
  /** The body has ended as its framing says. */
  end(): void;
  /** It never will; with the problem where the sender is to be told of one. */
  broken(problem?: Error): void;
}

/** A body that comes in. Nothing of it is lost before somebody starts to listen. */
export interface BodySource {
  /** The bytes it tells of are those of a buffer that is read into again. */
  readonly isLent: boolean;
  /** Begins to tell; called once. What is there already is told before it returns. */
  start(receiver: BodyReceiver): void;
  /** Asks for a pause; what was on its way may still come. */
  pause(): void;
  resume(): void;
  /** Tells the receiver nothing more; what is left of the body is left where it is. */
  stop(): void;
}

/** Hears what becomes of a body that goes out. */
export interface WriterListener {
  /** There is room again after a `write` that said there was none. */
  room(): void;
  /** Nothing more can be written. */
  broken(): void;
}

/** A body that goes out; whoever gave the writer ends it. */
export interface BodyWriter {
  /** False: enough for now; `room` follows. */
  write(chunk: Buffer): boolean;
  /** Sends at once what was put off because more of it was to be expected in the same turn. */
  flush(): void;
  /** What is written next is still needed after `write` has returned. */
  readonly keepsBytes: boolean;
  /** Takes the place of an earlier listener. */
  listen(listener: WriterListener): void;
  /** Bytes wait that the other side has not taken. */
  readonly isFull: boolean;
  readonly isOpen: boolean;
  /** Grows as parts of what was written leave, and stands still while the other side takes nothing. */
  readonly sentBytes: number;
}

/** A body without a byte. */
export const NO_BODY: BodySource = {
  isLent: false,
  start(receiver) {
    receiver.end();
  },
  pause() {},
  resume() {},
  stop() {},
};

/** What takes no body. */
export const NO_WRITER: BodyWriter = {
  write: () => true,
  flush() {},
  keepsBytes: false,
  listen() {},
  isFull: false,
  isOpen: false,
  sentBytes: 0,
};

export const NO_TRAILERS: readonly Field[] = [];
