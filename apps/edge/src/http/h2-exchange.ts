import { ERROR_CODES, type FieldPair, type Http2RequestHead, type Http2Stream } from '@postern/http2';
import type { UpstreamResponse } from '../upstream/attempt.ts';
import { type BodySource, type BodyWriter, NO_BODY } from '../upstream/body.ts';
import { type Field, ListedFields, lowerCased } from '../upstream/fields.ts';
import { dateField } from './date-line.ts';
import type { DecidedAnswer, Exchange, RespondOptions } from './exchange.ts';
import { newRequestId } from './request-id.ts';
import { responseFields } from './response-fields.ts';

export interface Http2ExchangeOptions {
  readonly stream: Http2Stream;
  readonly head: Http2RequestHead;
  readonly hasBody: boolean;
  /** Ends the session: GOAWAY. */
  readonly dismissSession: () => void;
  /** Called once, when nothing more comes or goes on the stream. */
  readonly onClosed: () => void;
}

/** The common form of one HTTP/2 stream. */
export class Http2Exchange implements Exchange {
  readonly protocol = 'HTTP/2';
  readonly method: string;
  readonly target: string;
  readonly authority: string | null;
  readonly scheme: string;
  readonly fields: ListedFields;
  readonly http1Head = null;
  readonly fault = null;
  readonly hasBody: boolean;
  readonly body: BodySource;
  readonly upgrade = null;
  readonly stream: Http2Stream;
  /** To be called when the stream is closed, by whoever watches its answer. */
  onTaken: (() => void) | null = null;
  readonly #options: Http2ExchangeOptions;
  #id: string | null = null;
  #onAborted: (() => void) | null = null;
  #hasAnswered = false;
  #isEnded = false;

  constructor(options: Http2ExchangeOptions) {
    const { stream, head, hasBody } = options;
    this.#options = options;
    this.stream = stream;
    this.method = head.method;
    this.target = head.path;
    this.authority = head.authority;
    this.scheme = head.scheme;
    this.fields = new ListedFields(head.fields);
    this.hasBody = hasBody;
    this.body = hasBody ? stream : NO_BODY;
    stream.onClosed = this.#closed;
  }

  /** Drawn when somebody asks, as over HTTP/1.1. */
  get id(): string {
    this.#id ??= newRequestId();
    return this.#id;
  }

  trailers(): readonly Field[] {
    return this.stream.trailers;
  }

  isOpen(): boolean {
    return !this.stream.isClosed && !this.#isEnded;
  }

  onAborted(listener: () => void): void {
    this.#onAborted = listener;
  }

  inform(status: number, fields: readonly Field[]): void {
    if (!this.#hasAnswered) this.stream.headers(headOf(status, fields), false);
  }

  respond(status: number, fields: readonly Field[], { hasBody }: RespondOptions): BodyWriter {
    this.#hasAnswered = true;
    const head = headOf(status, fields);
    if (!head.some(([name]) => name === 'date')) head.push(dateField());
    this.stream.headers(head, !hasBody);
    return this.stream;
  }

  relay(response: UpstreamResponse, decided: DecidedAnswer, hasBody: boolean): BodyWriter {
    return this.respond(response.status, responseFields(response, decided), { hasBody, close: false });
  }

  end(trailers: readonly Field[]): void {
    this.#isEnded = true;
    this.stream.end(lowerCased(trailers));
  }

  abort(): void {
    this.stream.reset(ERROR_CODES.internal);
  }

  dismiss(): void {
    this.stream.reset(ERROR_CODES.refusedStream);
    this.#options.dismissSession();
  }

  readonly #closed = (): void => {
    const isWhole = this.#isEnded && this.stream.code === ERROR_CODES.none;
    if (!isWhole) this.#onAborted?.();
    this.onTaken?.();
    this.#options.onClosed();
  };
}

function headOf(status: number, fields: readonly Field[]): FieldPair[] {
  return [[':status', String(status)], ...lowerCased(fields)];
}
