import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { PosternError } from '@postern/contracts';
import { NEED_MORE, RequestHead } from '@postern/http1';
import { deadlines, Timed } from '../deadlines.ts';
import { sentBytes } from '../sent-bytes.ts';
import { endGently } from './end-gently.ts';
import type { ServeExchange } from './exchange.ts';
import { type AnsweredConnection, Http1Exchange } from './h1-exchange.ts';
import { headTimeout, problemOfBytes } from './h1-faults.ts';
import { type BodyFeed, Http1RequestBody } from './h1-request-body.ts';
import { giveHeadBlock, type HeadBlock, takeHeadBlock } from './head-blocks.ts';
import { type ClientPace, HTTP_LIMITS } from './http-limits.ts';
import { type PieceReader, readTlsPieces } from './read-tls-pieces.ts';

export interface Http1ConnectionOptions {
  readonly socket: Duplex;
  readonly serve: ServeExchange;
  readonly pace: ClientPace;
}

/** What happens on the connection: `left` when no more requests are read, be it because of another protocol. */
type State = 'waiting' | 'head' | 'exchange' | 'left';

/**
 * One client's HTTP/1.x connection: reads requests, one at a time. What comes behind a request is held, within bounds, until its
 * answer is out, so that answers keep their order and nothing that follows an upgrade is read before it is decided.
 */
export class Http1Connection extends Timed implements AnsweredConnection, BodyFeed {
  readonly socket: Duplex;
  readonly #options: Http1ConnectionOptions;
  readonly #head = new RequestHead();
  readonly #reader: PieceReader | undefined;
  #state: State = 'waiting';
  #isDraining = false;
  #exchange: Http1Exchange | null = null;
  #body: Http1RequestBody | null = null;
  /** What the head was read from lies in it. */
  #block: HeadBlock | null = null;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isPaused = false;
  /** What had left for a client that takes its answer slowly, at the deadline before. */
  #sentBytes = Number.NaN;

  constructor(options: Http1ConnectionOptions) {
    super();
    const { socket, pace } = options;
    this.#options = options;
    this.socket = socket;
    this.dueAt(performance.now() + pace.headTimeoutMs);
    deadlines.watch(this);
    // Each ends with 'close', which is heard below.
    socket.on('error', () => {});
    socket.on('drain', this.#onDrain);
    socket.on('end', this.#onEnd);
    socket.once('close', this.#onClose);
    const reader = socket instanceof TLSSocket ? readTlsPieces(socket, this.#onData) : undefined;
    this.#reader = reader;
    if (reader === undefined) socket.on('data', this.#onData);
  }

  /** The connection ends after this answer. */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Lets what is under way come to its end, then ends the connection. */
  drain(): void {
    this.#isDraining = true;
    if (this.#state === 'waiting' || this.#state === 'head') this.leave();
  }

  /** Reads nothing more and says goodbye. */
  leave(): void {
    if (this.#state === 'left') return;
    this.#stopReading();
    endGently(this.socket);
  }

  /** Gives up HTTP; the bytes that came behind the request. From then on the caller reads the socket. */
  handOver(): Buffer {
    const held = Buffer.concat(this.#held);
    this.#stopReading();
    this.socket.off('drain', this.#onDrain);
    this.socket.off('end', this.#onEnd);
    this.socket.off('data', this.#onData);
    this.#reader?.stop();
    this.socket.pause();
    return held;
  }

  flow(): void {
    if (this.#state !== 'exchange') return;
    while (this.#body?.takesBytes === true && !this.#body.isPaused) {
      const piece = this.#held.shift();
      if (piece === undefined) break;
      this.#heldBytes -= piece.length;
      this.#takeBody(this.#body, piece);
    }
    this.#readOn();
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.socket.pause();
  }

  /** The last byte of the answer has left, or never will; of that 'close' tells. Bound, since each answer passes it on. */
  readonly onWritten = (error?: Error | null): void => {
    const exchange = this.#exchange;
    if (exchange === null || (error ?? null) !== null) return;
    exchange.isWritten = true;
    if (exchange.isFinished) this.#settle();
  };

  onDeadline(now: number): void {
    const { pace } = this.#options;
    switch (this.#state) {
      case 'waiting':
        this.leave();
        return;
      case 'head':
        this.#begin(null, headTimeout(pace.headTimeoutMs));
        return;
      case 'exchange': {
        // The answer is written; either its client does not take it, or still sends a body that nobody wants.
        const sent = sentBytes(this.socket);
        if (this.#exchange?.isWritten === true) this.leave();
        else if (sent === this.#sentBytes) this.socket.destroy();
        else {
          this.#sentBytes = sent;
          this.dueAt(now + pace.idleMs);
        }
        return;
      }
      case 'left':
      // Nobody looks after it any more.
    }
  }

  readonly #onData = (piece: Buffer): void => {
    switch (this.#state) {
      case 'waiting':
      case 'head':
        // What is read next comes to the same place, and the exchange goes by its head to its end.
        this.#block = takeHeadBlock(piece);
        this.#takeHead(this.#block?.copyOf(piece) ?? Buffer.from(piece));
        return;
      case 'exchange':
        if (this.#body?.takesBytes === true && this.#held.length === 0) this.#takeBody(this.#body, piece);
        else this.#hold(Buffer.from(piece));
        return;
      case 'left':
    }
  };

  readonly #onDrain = (): void => {
    this.#exchange?.onRoom();
  };

  readonly #onEnd = (): void => {
    // Who has ended its side while it waits for an answer is taken to be gone.
    if (this.#state === 'exchange' && this.#exchange?.isEnded !== true) this.socket.destroy();
    // Ending it twice makes an error of Node's, which costs more than the end.
    else if (!this.socket.writableEnded) this.socket.end();
  };

  readonly #onClose = (): void => {
    deadlines.forget(this);
    this.#reader?.stop();
    if (this.#state !== 'exchange') return;
    this.#state = 'left';
    this.#body?.onGone();
    this.#exchange?.onGone();
  };

  #takeHead(piece: Buffer): void {
    let at: number;
    try {
      at = this.#head.read(piece, 0);
    } catch (error) {
      this.#begin(null, problemOfBytes(error));
      return;
    }
    if (at !== NEED_MORE) {
      this.#begin(at < piece.length ? piece.subarray(at) : null, null);
      return;
    }
    // The head has made a copy of its own, and all of the piece was taken.
    this.#giveBlock();
    if (this.#state === 'waiting' && this.#head.hasBegun) {
      this.#state = 'head';
      this.dueAt(performance.now() + this.#options.pace.headTimeoutMs);
    }
  }

  /** `fault`: the head cannot be read, and nothing behind it. */
  #begin(rest: Buffer | null, fault: PosternError | null): void {
    const head = this.#head;
    this.#state = 'exchange';
    this.dueAt(Number.POSITIVE_INFINITY);
    if (rest !== null) this.#putBack(rest);
    const hasBody = fault === null && head.bodyKind !== 'none';
    this.#body = hasBody
      ? new Http1RequestBody(this, head.bodyKind, head.contentLength, problemOfBytes)
      : null;
    const exchange = new Http1Exchange(this, head, this.#body, fault);
    this.#exchange = exchange;
    this.#options.serve(exchange, this.#onDone);
  }

  /** Of the exchange under way: there is one at a time, and none follows before this. */
  readonly #onDone = (): void => {
    const exchange = this.#exchange;
    if (this.#state !== 'exchange' || exchange === null) return;
    exchange.isFinished = true;
    if (!exchange.isEnded) this.socket.destroy();
    else if (exchange.isWritten) this.#settle();
    else {
      this.#sentBytes = Number.NaN;
      this.postpone(this.#options.pace.idleMs);
    }
  };

  /** The answer is out: what is left of the request is read away, and the next one begins. */
  #settle(): void {
    const exchange = this.#exchange;
    if (this.#state !== 'exchange' || exchange === null || !exchange.isWritten) return;
    const body = this.#body;
    if (exchange.isLast || body?.isBroken === true) this.leave();
    else if (body !== null && !body.isDone) this.dueAt(performance.now() + HTTP_LIMITS.drainMs);
    else this.#next();
  }

  #next(): void {
    this.#exchange?.release();
    this.#exchange = null;
    this.#body = null;
    this.#head.clear();
    this.#giveBlock();
    this.#state = 'waiting';
    this.postpone(this.#options.pace.idleMs);
    while (this.#held.length > 0 && (this.#state === 'waiting' || this.#state === 'head')) {
      const piece = this.#held.shift();
      if (piece === undefined) break;
      this.#heldBytes -= piece.length;
      this.#takeHead(piece);
    }
    this.#readOn();
    if (this.#isDraining && (this.#state === 'waiting' || this.#state === 'head')) this.leave();
  }

  /** Nobody goes by the head any more; what is held may lie behind it in the same block, which is then left to those bytes. */
  #giveBlock(): void {
    if (this.#block !== null && this.#held.length === 0) giveHeadBlock(this.#block);
    this.#block = null;
  }

  #takeBody(body: Http1RequestBody, piece: Buffer): void {
    const at = body.take(piece);
    if (at < piece.length) this.#putBack(Buffer.from(piece.subarray(at)));
    if (!body.isDone && !body.isBroken) return;
    // Whoever paused the body asks for no more of it, and of a paused client's end nobody would hear.
    this.#readOn();
    if (this.#exchange?.isFinished === true) this.#settle();
  }

  /** Holds the rest of a piece: it came before all that is held. */
  #putBack(rest: Buffer): void {
    this.#held.unshift(rest);
    this.#heldBytes += rest.length;
  }

  #hold(piece: Buffer): void {
    this.#held.push(piece);
    this.#heldBytes += piece.length;
    if (this.#heldBytes >= HTTP_LIMITS.heldBytesMax) this.pause();
  }

  #readOn(): void {
    if (!this.#isPaused || this.#heldBytes >= HTTP_LIMITS.heldBytesMax) return;
    if (this.#body?.takesBytes === true && this.#body.isPaused) return;
    this.#isPaused = false;
    this.socket.resume();
  }

  #stopReading(): void {
    this.#state = 'left';
    deadlines.forget(this);
    this.#held = [];
    this.#heldBytes = 0;
  }
}
