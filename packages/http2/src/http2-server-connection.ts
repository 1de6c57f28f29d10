import { ERROR_CODES, Http2Error } from './error-codes.ts';
import { PREFACE, SETTING } from './frames.ts';
import type { HeaderField } from './header-field.ts';
import { Http2Connection, type Http2ConnectionOptions } from './http2-connection.ts';
import { Http2Stream } from './http2-stream.ts';
import { type Http2RequestHead, readRequestHead, readTrailers } from './read-head.ts';

export interface Http2ServerOptions extends Http2ConnectionOptions {
  /** A well-formed request has come; `hasBody`: content or trailers follow. */
  readonly onRequest: (stream: Http2Stream, head: Http2RequestHead, hasBody: boolean) => void;
}

/** The server's side of a connection. Nothing is pushed, and CONNECT with a protocol (RFC 8441) is not offered. */
export class Http2ServerConnection extends Http2Connection {
  readonly #onRequest: Http2ServerOptions['onRequest'];
  #last = 0;
  /** The last stream that is served, once GOAWAY has named it: it must not grow (RFC 9113 section 6.8). */
  #lastServed: number | null = null;
  /** Streams whose clients still send, though they are answered: in this turn, and in the one before. */
  #answered: Http2Stream[] = [];
  #written: Http2Stream[] = [];

  constructor(options: Http2ServerOptions) {
    super(options, PREFACE);
    this.#onRequest = options.onRequest;
    const { limits } = options;
    this.begin(Buffer.alloc(0), [
      [SETTING.concurrentStreamsMax, limits.concurrentStreamsMax],
      [SETTING.initialWindow, limits.streamWindowBytes],
      [SETTING.headerListMax, limits.headerListBytes],
    ]);
  }

  /** Takes no new streams: GOAWAY. Those that are open come to their end. */
  drain(): void {
    if (this.isDraining || this.isOver) return;
    this.#lastServed = this.#last;
    this.writeGoaway(ERROR_CODES.none, '');
  }

  override takeOutput(): Buffer[] {
    const due = this.#written;
    this.#written = this.#answered;
    this.#answered = [];
    for (const stream of due) this.reset(stream, ERROR_CODES.none);
    const pieces = super.takeOutput();
    if (this.#written.length > 0 || this.#answered.length > 0) this.tellOutput();
    return pieces;
  }

  get isDraining(): boolean {
    return this.#lastServed !== null;
  }

  protected override takeFields(id: number, fields: readonly HeaderField[] | null, isLast: boolean): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) {
      if (stream.isRemoteDone) throw new Http2Error(ERROR_CODES.streamClosed, 'HEADERS after END_STREAM');
      if (!isLast || fields === null) this.refuseMalformed(id);
      else this.takeTrailers(stream, readTrailers(fields));
      return;
    }
    if (id % 2 === 0) throw new Http2Error(ERROR_CODES.protocol, 'a stream of a client has an odd number');
    if (id <= this.#last) {
      // Trailers that met a reset, at best.
      this.account.countControl();
      return;
    }
    this.#last = id;
    if (this.isDraining || this.streams.size >= this.limits.concurrentStreamsMax)
      this.refuse(id, ERROR_CODES.refusedStream);
    else if (fields === null) this.refuse(id, ERROR_CODES.enhanceYourCalm);
    else this.#begin(id, readRequestHead(fields), isLast);
  }

  protected override isIdle(id: number): boolean {
    return id % 2 === 0 || id > this.#last;
  }

  protected override takesData(): boolean {
    return true;
  }

  protected override takeReset(): void {}

  protected override takeGoaway(): void {
    // A client that opens no more streams ends the connection when it likes.
  }

  /**
   * The answer is whole; what the client still sends is not wanted (RFC 9113 section 8.1). The reset goes out by itself a turn later: curl
   * forgets an answer that it reads together with it.
   */
  protected override localSideEnded(stream: Http2Stream): void {
    this.#answered.push(stream);
  }

  protected override lastPeerStream(): number {
    return this.#lastServed ?? this.#last;
  }

  #begin(id: number, head: Http2RequestHead | null, isLast: boolean): void {
    if (head === null || (isLast && head.contentLength > 0)) {
      this.refuseMalformed(id);
      return;
    }
    const stream = new Http2Stream(id, this, this.peer.initialWindow, this.limits.streamWindowBytes);
    stream.contentLeft = head.contentLength;
    stream.isRemoteDone = isLast;
    this.open(stream);
    this.#onRequest(stream, head, !isLast);
  }
}
