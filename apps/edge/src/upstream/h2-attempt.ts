import { PosternError, type Target, targetName } from '@postern/contracts/plain';
import {
  ERROR_CODES,
  type FieldPair,
  type Http2ClientStream,
  type Http2ResponseHead,
  type StreamOwner,
} from '@postern/http2';
import type { Attempt, AttemptEvents, UpstreamRequest } from './attempt.ts';
import { type BodyWriter, NO_BODY, NO_WRITER } from './body.ts';
import { type Field, ListedFields, lowerCased } from './fields.ts';
import type { Http2Sessions, StreamPlace } from './h2-sessions.ts';
import { problemOfUpstream, StaleConnectionError } from './upstream-error.ts';

export interface Http2AttemptOptions {
  readonly target: Target;
  readonly sessions: Http2Sessions;
  /** Value of :authority. */
  readonly authority: string;
  readonly request: UpstreamRequest;
  readonly events: AttemptEvents;
}

/** Sends one request as a stream of a shared HTTP/2 session; at once where a session stands. */
export function startHttp2Attempt(options: Http2AttemptOptions): Attempt | Promise<Attempt> {
  const place = options.sessions.take();
  if (place !== null) return new Http2Attempt(options, place);
  return options.sessions.acquire().then((opened) => new Http2Attempt(options, opened));
}

class Http2Attempt implements Attempt, StreamOwner {
  readonly writer: BodyWriter;
  readonly #options: Http2AttemptOptions;
  readonly #place: StreamPlace;
  readonly #stream: Http2ClientStream;
  readonly #hasBody: boolean;
  #isSettled = false;

  constructor(options: Http2AttemptOptions, place: StreamPlace) {
    this.#options = options;
    this.#place = place;
    this.#hasBody = options.request.body.kind !== 'none';
    if (!place.http2.isOpen) {
      place.release();
      throw new StaleConnectionError('the session was ending');
    }
    const stream = place.http2.request(headOf(options), !this.#hasBody);
    this.#stream = stream;
    this.writer = this.#hasBody ? stream : NO_WRITER;
    stream.listener = this;
    stream.owner = this;
  }

  finish(trailers: readonly Field[]): void {
    if (this.#hasBody) this.#stream.end(lowerCased(trailers));
  }

  abort(silent?: 'silent'): void {
    this.#stream.reset(ERROR_CODES.cancel);
    if (silent !== undefined) this.#place.retire();
  }

  onInterim(status: number, fields: readonly FieldPair[]): void {
    const { events } = this.#options;
    if (status === 100) events.onContinue();
    else events.onInform(status, fields);
  }

  onResponse(head: Http2ResponseHead, hasBody: boolean): void {
    const stream = this.#stream;
    this.#isSettled = true;
    this.#options.events.onResponse({
      status: head.status,
      fields: new ListedFields(head.fields),
      http1Head: null,
      hasBody,
      body: hasBody ? stream : NO_BODY,
      trailers: () => stream.trailers,
      upgraded: null,
    });
  }

  onStreamClosed(): void {
    const { events } = this.#options;
    this.#place.release();
    if (!this.#isSettled) {
      this.#isSettled = true;
      events.onFailed(this.#failure());
    }
    events.onClosed();
  }

  #failure(): Error {
    const { target } = this.#options;
    if (this.#stream.isUnprocessed) return new StaleConnectionError('the stream was refused');
    const { error } = this.#place;
    if (error !== null) return problemOfUpstream(error, targetName(target), true);
    return new PosternError('upstream_invalid', {
      detail: 'The upstream ended the stream before its response head was complete.',
      context: { target: targetName(target), rstCode: this.#stream.code },
    });
  }
}

function headOf({ request, target, authority }: Http2AttemptOptions): FieldPair[] {
  const head: FieldPair[] = [
    [':method', request.method],
    [':scheme', target.protocol === 'https' ? 'https' : 'http'],
    [':authority', authority],
    [':path', request.path],
    ...lowerCased(request.fields()),
  ];
  if (request.takesTrailers()) head.push(['te', 'trailers']);
  if (request.expectContinue) head.push(['expect', '100-continue']);
  if (request.body.kind === 'sized') head.push(['content-length', String(request.body.bytes)]);
  return head;
}
