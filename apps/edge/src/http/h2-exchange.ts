import {
  ERROR_CODES,
  type FieldPair,
  type Http2RequestHead,
  type Http2Stream,
  type StreamOwner,
} from '@postern/http2';
import type { UpstreamResponse } from '../upstream/attempt.ts';
import { type BodySource, type BodyWriter, NO_BODY } from '../upstream/body.ts';
import { type Field, ListedFields, lowerCased } from '../upstream/fields.ts';
import { dateField } from './date-line.ts';
import type { DecidedAnswer, Exchange, RespondOptions } from './exchange.ts';
import { newRequestId } from './request-id.ts';
import { responseFields } from './response-fields.ts';
import { UnreadAnswer } from './unread-answers.ts';

/** What the exchanges of a connection need of it. */
export interface Http2Session {
  /** Ends the session: GOAWAY. */
  dismiss(): void;
  /** Called once for each exchange, when nothing more comes or goes on its stream. */
  onClosed(exchange: Http2Exchange): void;
}

/** The common form of one HTTP/2 stream. */
export class Http2Exchange extends UnreadAnswer implements Exchange, StreamOwner {
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
  readonly #session: Http2Session;
  #id: string | null = null;
  #onAborted: (() => void) | null = null;
  #hasAnswered = false;
  #isEnded = false;

  constructor(session: Http2Session, stream: Http2Stream, head: Http2RequestHead, hasBody: boolean) {
    super();
    this.#session = session;
    this.stream = stream;
    this.method = head.method;
    this.target = head.path;
    this.authority = head.authority;
    this.scheme = head.scheme;
    this.fields = new ListedFields(head.fields);
    this.hasBody = hasBody;
    this.body = hasBody ? stream : NO_BODY;
    stream.owner = this;
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
    this.#session.dismiss();
  }

  unreadBytes(): number {
    return this.stream.queuedBytes;
  }

  cut(): void {
    this.stream.reset(ERROR_CODES.cancel);
  }

  onStreamClosed(): void {
    const isWhole = this.#isEnded && this.stream.code === ERROR_CODES.none;
    const onAborted = this.#onAborted;
    this.#onAborted = null;
    if (!isWhole) onAborted?.();
    this.#session.onClosed(this);
  }
}

function headOf(status: number, fields: readonly Field[]): FieldPair[] {
  return [[':status', String(status)], ...lowerCased(fields)];
}
