import { ERROR_CODES, protocol } from './error-codes.ts';
import { PREFACE, SETTING } from './frames.ts';
import type { FieldPair, HeaderField } from './header-field.ts';
import { Http2Connection, type Http2ConnectionOptions } from './http2-connection.ts';
import { Http2Stream } from './http2-stream.ts';
import { type Http2ResponseHead, readResponseHead, readTrailers } from './read-head.ts';

/** The last stream that a client can open (RFC 9113 section 5.1.1). */
const STREAM_MAX = 2 ** 31 - 1;

/** Hears of the answer to a request. */
export interface ResponseListener {
  /** An informational response. */
  onInterim(status: number, fields: readonly FieldPair[]): void;
  /** The head of the answer; `hasBody`: content or trailers follow. */
  onResponse(head: Http2ResponseHead, hasBody: boolean): void;
}

/** A request and its answer. */
export class Http2ClientStream extends Http2Stream {
  listener: ResponseListener | null = null;
  hasResponse = false;
  isHead = false;
  /** It ended without having been looked at, so that it can be sent again (RFC 9113 section 8.7). */
  isUnprocessed = false;
}

/** The client's side of a connection. Pushes are forbidden. */
export class Http2ClientConnection extends Http2Connection {
  #next = 1;
  /** GOAWAY came, or was sent. */
  #isLeaving = false;

  constructor(options: Http2ConnectionOptions) {
    // A server begins with SETTINGS alone.
    super(options, Buffer.alloc(0));
    const { limits } = options;
    this.begin(PREFACE, [
      [SETTING.enablePush, 0],
      [SETTING.initialWindow, limits.streamWindowBytes],
      [SETTING.headerListMax, limits.headerListBytes],
    ]);
  }

  /** Whether a stream can be opened, now or after others have ended. */
  get isOpen(): boolean {
    return !this.isOver && !this.#isLeaving && this.#next <= STREAM_MAX;
  }

  /** Streams that the server allows at a time. */
  get streamsMax(): number {
    return this.peer.concurrentStreamsMax;
  }

  /** Sends the head of a request; `isLast`: nothing follows. To be called while `isOpen`. */
  request(fields: readonly FieldPair[], isLast: boolean): Http2ClientStream {
    const { peer, limits } = this;
    const stream = new Http2ClientStream(this.#next, this, peer.initialWindow, limits.streamWindowBytes);
    this.#next += 2;
    stream.isHead = fields[0]?.[1] === 'HEAD';
    this.open(stream);
    stream.headers(fields, isLast);
    return stream;
  }

  /** Opens no more streams: GOAWAY. Those that are open come to their end. */
  leave(): void {
    if (this.#isLeaving || this.isOver) return;
    this.#isLeaving = true;
    this.writeGoaway(ERROR_CODES.none, '');
  }

  protected override takeFields(id: number, fields: readonly HeaderField[] | null, isLast: boolean): void {
    if (this.isIdle(id)) throw protocol('HEADERS of a stream that nobody opened');
    const stream = this.streams.get(id);
    if (!(stream instanceof Http2ClientStream)) return;
    if (stream.isRemoteDone || fields === null) this.refuseMalformed(id);
    else if (!stream.hasResponse) this.#takeResponse(stream, readResponseHead(fields), isLast);
    else if (isLast) this.takeTrailers(stream, readTrailers(fields));
    else this.refuseMalformed(id);
  }

  protected override isIdle(id: number): boolean {
    return id % 2 === 0 || id >= this.#next;
  }

  protected override takesData(stream: Http2Stream): boolean {
    return stream instanceof Http2ClientStream && stream.hasResponse;
  }

  protected override takeGoaway(lastStream: number): void {
    this.#isLeaving = true;
    for (const stream of this.streams.all()) {
      if (stream.id <= lastStream || !(stream instanceof Http2ClientStream)) continue;
      stream.isUnprocessed = true;
      this.reset(stream, ERROR_CODES.cancel);
    }
  }

  /** The request is sent; its answer is to come. */
  protected override localSideEnded(): void {}

  protected override lastPeerStream(): number {
    return 0;
  }

  protected override takeReset(stream: Http2Stream, code: number): void {
    if (stream instanceof Http2ClientStream) stream.isUnprocessed = code === ERROR_CODES.refusedStream;
  }

  #takeResponse(stream: Http2ClientStream, head: Http2ResponseHead | null, isLast: boolean): void {
    if (head === null || (isLast && head.status < 200)) {
      this.refuseMalformed(stream.id);
      return;
    }
    const { listener } = stream;
    if (head.status < 200) {
      listener?.onInterim(head.status, head.fields);
      return;
    }
    // What these say is the length that another answer would have (RFC 9110 section 8.6).
    const saysLength = !stream.isHead && head.status !== 304;
    if (saysLength && isLast && head.contentLength > 0) {
      this.refuseMalformed(stream.id);
      return;
    }
    stream.hasResponse = true;
    if (saysLength) stream.contentLeft = head.contentLength;
    listener?.onResponse(head, !isLast);
    if (isLast && !stream.isClosed) this.endRemote(stream);
  }
}
