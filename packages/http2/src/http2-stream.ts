import { ERROR_CODES } from './error-codes.ts';
import type { FrameWriter } from './frame-writer.ts';
import { FLAG, FRAME, FRAME_BYTES_MAX } from './frames.ts';
import type { FieldPair } from './header-field.ts';
import { HeldContent } from './held-content.ts';

/** Bytes of one stream that wait for the client before its writer says "enough". */
const QUEUE_BYTES_MAX = 64 * 1024;
const NO_FIELDS: readonly FieldPair[] = [];
const NO_BYTES = Buffer.alloc(0);

/** Hears of a body as it comes; after `end` or `broken` of nothing more. */
export interface Http2Receiver {
  data(chunk: Buffer): void;
  end(): void;
  broken(): void;
}

/** Hears what becomes of a body that goes out. */
export interface Http2WriterListener {
  room(): void;
  broken(): void;
}

/** Who a stream is for. No function made for each stream: those were seen to keep one stream after another until the old heap was collected. */
export interface StreamOwner {
  /** Called once, when nothing more comes or goes. */
  onStreamClosed(): void;
}

/** What a stream stands in while it waits for its turn. */
export interface QueueOfStreams {
  delete(stream: Http2Stream): void;
}

/** What a stream needs of its connection. */
export interface StreamHost {
  /** The stream has something to send. */
  wantsToSend(stream: Http2Stream): void;
  sendHeaders(stream: Http2Stream, fields: readonly FieldPair[], isLast: boolean): void;
  /** So many bytes of content were taken by whom they are for, or thrown away. */
  consumed(stream: Http2Stream, bytes: number, isThrownAway: boolean): void;
  reset(stream: Http2Stream, code: number): void;
  /** What came breaks the rules of a message. */
  refuseMalformed(id: number): void;
}

/** One stream of a connection: a body that comes and one that goes, each at the pace of who takes it. */
export class Http2Stream {
  readonly id: number;
  /** What it tells of and what it is given to write stays as it is: nothing is read over, and content waits for the end of the turn. */
  readonly isLent = false;
  readonly keepsBytes = true;
  /** Bytes that may be sent, and that may come (RFC 9113 section 5.2). */
  sendWindow: number;
  receiveWindow: number;
  /** Bytes that were taken and not given back to the sender's window. */
  uncreditedBytes = 0;
  /** Bytes that the head promised and that have not come; -1: none were promised. */
  contentLeft = -1;
  /** Nothing more comes of the other side, or of ours: END_STREAM. */
  isRemoteDone = false;
  isLocalDone = false;
  isClosed = false;
  /** Error code of the reset that ended it; NO_ERROR for a regular end. */
  code: number = ERROR_CODES.none;
  /** Bytes of content that have been written as frames. */
  sentBytes = 0;
  /** Fields of the trailer section that came; complete once the body has ended. */
  trailers: readonly FieldPair[] = NO_FIELDS;
  owner: StreamOwner | null = null;
  /** Its links in the connection's StreamTable, and in the queue that it is in. */
  nextInTable: Http2Stream | null = null;
  queue: QueueOfStreams | null = null;
  ahead: Http2Stream | null = null;
  behind: Http2Stream | null = null;
  readonly #host: StreamHost;
  #receiver: Http2Receiver | null = null;
  #isPaused = true;
  #isStopped = false;
  readonly #held = new HeldContent();
  #listener: Http2WriterListener | null = null;
  #isFull = false;
  readonly #queue = new HeldContent();
  #isEnding = false;
  #trailersOut: readonly FieldPair[] = NO_FIELDS;

  constructor(id: number, host: StreamHost, sendWindow: number, receiveWindow: number) {
    this.id = id;
    this.#host = host;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  // The body that comes.

  /** Begins to tell; what is there already is told before it returns. */
  start(receiver: Http2Receiver): void {
    this.#receiver = receiver;
    if (this.isClosed && (!this.isRemoteDone || this.code !== ERROR_CODES.none)) this.#breakOff();
    else this.resume();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    while (!this.#isPaused && this.#receiver !== null) {
      const chunk = this.#held.shift();
      if (chunk === undefined) break;
      if (!this.isClosed) this.#host.consumed(this, chunk.length, false);
      this.#receiver.data(chunk);
    }
    this.#tellEnd();
  }

  /** Tells nothing more; what still comes is thrown away, at most a window of it. */
  stop(): void {
    this.#receiver = null;
    this.#isStopped = true;
    this.#dropHeld();
  }

  /** Content came. */
  takeData(chunk: Buffer): void {
    if (this.contentLeft !== -1) {
      this.contentLeft -= chunk.length;
      // Before the end: what was promised is what goes on, and no more.
      if (this.contentLeft < 0) {
        this.#host.consumed(this, chunk.length, true);
        this.#host.refuseMalformed(this.id);
        return;
      }
    }
    if (this.#isStopped) this.#host.consumed(this, chunk.length, true);
    else if (this.#receiver === null || this.#isPaused || !this.#held.isEmpty) this.#held.push(chunk);
    else {
      this.#host.consumed(this, chunk.length, false);
      this.#receiver.data(chunk);
    }
  }

  /** END_STREAM came. False: less came than was promised. */
  takeEnd(): boolean {
    if (this.contentLeft > 0) return false;
    this.isRemoteDone = true;
    this.#tellEnd();
    return true;
  }

  #tellEnd(): void {
    if (!this.isRemoteDone || !this.#held.isEmpty || this.#receiver === null) return;
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver.end();
  }

  #breakOff(): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    receiver?.broken();
  }

  #dropHeld(): void {
    if (!this.#held.isEmpty && !this.isClosed) this.#host.consumed(this, this.#held.bytes, true);
    this.#held.clear();
  }

  // The body that goes.

  get isOpen(): boolean {
    return !this.isClosed && !this.#isEnding;
  }

  /** Bytes wait that the other side has not taken. */
  get isFull(): boolean {
    return this.#isFull;
  }

  get queuedBytes(): number {
    return this.#queue.bytes;
  }

  /** Whether there is content that only a window keeps back, or an end to be sent. */
  get hasMoreToSend(): boolean {
    return !this.isClosed && !this.isLocalDone && (!this.#queue.isEmpty || this.#isEnding);
  }

  get isHeldByWindow(): boolean {
    return !this.#queue.isEmpty && this.sendWindow <= 0;
  }

  headers(fields: readonly FieldPair[], isLast: boolean): void {
    if (!this.isClosed && !this.isLocalDone) this.#host.sendHeaders(this, fields, isLast);
  }

  /** False: enough for now; `room` follows. */
  write(chunk: Buffer): boolean {
    if (this.isClosed || this.#isEnding) return true;
    if (chunk.length > 0) {
      this.#queue.push(chunk);
      this.#host.wantsToSend(this);
    }
    this.#isFull = this.#queue.bytes > QUEUE_BYTES_MAX;
    return !this.#isFull;
  }

  /** Nothing to be done: what all streams of a connection have to say goes out at the end of the turn. */
  flush(): void {}

  listen(listener: Http2WriterListener): void {
    this.#listener = listener;
  }

  end(trailers: readonly FieldPair[]): void {
    if (this.isClosed || this.isLocalDone || this.#isEnding) return;
    this.#isEnding = true;
    this.#trailersOut = trailers;
    this.#host.wantsToSend(this);
  }

  /** Ends the stream at once, whatever of it waits to be sent. */
  reset(code: number): void {
    if (!this.isClosed) this.#host.reset(this, code);
  }

  /** Writes one frame of content, and the end behind the last one; gives the bytes that count for flow control. */
  send(writer: FrameWriter, connectionWindow: number): number {
    const first = this.#queue.first;
    let bytes = 0;
    if (first !== undefined) {
      bytes = Math.min(first.length, this.sendWindow, connectionWindow, FRAME_BYTES_MAX);
      if (bytes <= 0) return 0;
      const chunk = this.#queue.take(bytes) ?? NO_BYTES;
      this.sendWindow -= bytes;
      this.sentBytes += bytes;
      const isLast = this.#isEnding && this.#queue.isEmpty && this.#trailersOut.length === 0;
      writer.frame(FRAME.data, isLast ? FLAG.endStream : 0, this.id, chunk);
      if (isLast) this.isLocalDone = true;
    }
    if (this.#isEnding && this.#queue.isEmpty && !this.isLocalDone) {
      if (this.#trailersOut.length > 0) this.#host.sendHeaders(this, this.#trailersOut, true);
      else {
        writer.frame(FRAME.data, FLAG.endStream, this.id, NO_BYTES);
        this.isLocalDone = true;
      }
    }
    return bytes;
  }

  /** What was sent has made room. */
  tellRoom(): void {
    if (!this.#isFull || this.#queue.bytes > QUEUE_BYTES_MAX / 2 || this.isClosed) return;
    this.#isFull = false;
    this.#listener?.room();
  }

  /** Called by the connection, once: nothing more comes or goes. */
  close(code: number): void {
    // What is left of a stream that has ended is no longer the connection's to count.
    if (!this.#held.isEmpty) this.#host.consumed(this, this.#held.bytes, true);
    this.isClosed = true;
    this.code = code;
    this.#queue.clear();
    // First: who hears of it lets go of both bodies.
    const { owner } = this;
    this.owner = null;
    owner?.onStreamClosed();
    // What came in whole is told in whole, also after the end of the stream.
    if (!this.isRemoteDone || code !== ERROR_CODES.none) {
      this.#isStopped = true;
      this.#dropHeld();
      this.#breakOff();
    }
    const listener = this.#listener;
    this.#listener = null;
    listener?.broken();
  }
}
