import type { Duplex } from 'node:stream';
import type { PosternError } from '@postern/contracts';
import {
  type FieldLines,
  fieldId,
  fieldLines,
  type RequestHead,
  relayFraming,
  writeOwnHead,
  writeResponseHead,
} from '@postern/http1';
import type { UpstreamResponse } from '../upstream/attempt.ts';
import { type BodySource, type BodyWriter, NO_BODY } from '../upstream/body.ts';
import type { Field } from '../upstream/fields.ts';
import { Http1BodyWriter, type WriterFraming } from '../upstream/h1-body-writer.ts';
import { dateLine } from './date-line.ts';
import type { DecidedAnswer, Exchange, RespondOptions, UpgradeRequest } from './exchange.ts';
import type { Http1RequestBody } from './h1-request-body.ts';
import { HTTP_LIMITS } from './http-limits.ts';
import { newRequestId } from './request-id.ts';
import { filterOfAnswers, linesOfAnswer, responseFields } from './response-fields.ts';

const DATE = fieldId('date');
const CLOSE = fieldLines([['Connection', 'close']]);
const CHUNKED = fieldLines([['Transfer-Encoding', 'chunked']]);
const EMPTY = fieldLines([['Content-Length', '0']]);
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');

/** What an exchange uses of its connection. */
export interface AnsweredConnection {
  readonly socket: Duplex;
  readonly isDraining: boolean;
  /** To be called when the last byte of the answer has left. */
  readonly onWritten: () => void;
  /** Reads nothing more and says goodbye. */
  leave(): void;
  /** Gives up HTTP; what came behind the request. */
  handOver(): Buffer;
}

/** One HTTP/1.x request and its answer. */
export class Http1Exchange implements Exchange {
  #id: string | null = null;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1';
  readonly method: string;
  readonly target: string;
  readonly authority = null;
  readonly scheme = null;
  readonly hasBody: boolean;
  readonly body: BodySource;
  readonly upgrade: UpgradeRequest | null;
  readonly fault: PosternError | null;
  /** Its handler has come to its end. */
  isFinished = false;
  /** The answer is whole, as far as its handler is concerned. */
  isEnded = false;
  /** The last byte of the answer has left. */
  isWritten = false;
  /** The connection ends after it. */
  isLast: boolean;
  readonly #connection: AnsweredConnection;
  readonly #body: Http1RequestBody | null;
  #head: RequestHead | null;
  #writer: Http1BodyWriter | null = null;
  #onAborted: (() => void) | null = null;

  /** `fault`: the head could not be read to its end. */
  constructor(
    connection: AnsweredConnection,
    head: RequestHead,
    body: Http1RequestBody | null,
    fault: PosternError | null,
  ) {
    this.#connection = connection;
    this.#head = head;
    this.#body = body;
    this.fault = fault;
    this.protocol = head.minor === 0 ? 'HTTP/1.0' : 'HTTP/1.1';
    this.method = head.method;
    // In origin form; what a target that could not be read says is not known.
    this.target = fault === null ? head.path : '';
    this.hasBody = body !== null;
    this.body = body ?? NO_BODY;
    this.upgrade = fault === null && head.wantsUpgrade ? this.#upgradeRequest() : null;
    this.isLast = fault !== null || !head.keepsConnection || this.upgrade !== null;
  }

  /** Drawn when somebody asks: few requests come into a log or a problem. */
  get id(): string {
    this.#id ??= newRequestId();
    return this.#id;
  }

  /** The head as it was read. */
  get http1Head(): RequestHead {
    if (this.#head === null) throw new Error('the exchange is over, and the bytes of its head are gone');
    return this.#head;
  }

  get fields(): RequestHead['fields'] {
    return this.http1Head.fields;
  }

  trailers(): readonly Field[] {
    return this.#body?.trailers() ?? [];
  }

  isOpen(): boolean {
    return !this.isEnded && !this.#connection.socket.destroyed;
  }

  onAborted(listener: () => void): void {
    this.#onAborted = listener;
  }

  inform(status: number, fields: readonly Field[]): void {
    const { socket } = this.#connection;
    if (this.#writer !== null || this.protocol !== 'HTTP/1.1' || socket.destroyed) return;
    socket.write(status === 100 ? CONTINUE : writeOwnHead(status, [fieldLines(fields)]));
  }

  respond(status: number, fields: readonly Field[], { hasBody, close }: RespondOptions): BodyWriter {
    const length = fields.find(([name]) => name.toLowerCase() === 'content-length')?.[1];
    const hasDate = fields.some(([name]) => name.toLowerCase() === 'date');
    const lines: FieldLines[] = [fieldLines(fields)];
    let framing: WriterFraming = 'none';
    if (this.method !== 'HEAD' && status !== 204 && status !== 304) {
      if (length !== undefined) framing = 'length';
      else if (!hasBody) lines.push(EMPTY);
      else if (this.protocol === 'HTTP/1.1') {
        framing = 'chunked';
        lines.push(CHUNKED);
      } else framing = 'close';
    }
    this.#addOwnLines(lines, hasDate, close || framing === 'close');
    return this.#begin(writeOwnHead(status, lines), framing, Number(length ?? 0));
  }

  relay(response: UpstreamResponse, decided: DecidedAnswer, hasBody: boolean): BodyWriter {
    const head = response.http1Head;
    if (head === null) {
      return this.respond(response.status, responseFields(response, decided), { hasBody, close: false });
    }
    const relayed = relayFraming(head, this.method, this.protocol === 'HTTP/1.1' ? 1 : 0);
    const lines = linesOfAnswer(decided);
    this.#addOwnLines(lines, head.fields.find(DATE) !== -1, relayed === 'close');
    const bytes = writeResponseHead(head, { filter: filterOfAnswers(decided), framing: relayed, lines });
    return this.#begin(bytes, relayed === 'empty' ? 'none' : relayed, head.contentLength);
  }

  end(trailers: readonly Field[]): void {
    if (this.isEnded) return;
    this.isEnded = true;
    this.#writer?.end(trailers);
    if (this.#body?.isDone === false) this.#body.discard();
  }

  abort(): void {
    this.#connection.socket.destroy();
  }

  dismiss(): void {
    this.#connection.leave();
  }

  onRoom(): void {
    this.#writer?.onRoom();
  }

  /** The connection is gone before the answer was out. */
  onGone(): void {
    if (!this.isWritten) this.#onAborted?.();
    this.#writer?.onGone();
  }

  /** The head is read anew: its bytes are those of another request from here on. */
  release(): void {
    this.#head = null;
  }

  #addOwnLines(lines: FieldLines[], hasDate: boolean, close: boolean): void {
    if (!hasDate) lines.push(dateLine());
    if (close || this.#connection.isDraining || this.#leavesTooMuch()) this.isLast = true;
    // Said out loud on HTTP/1.0 too, so that a client that asked for keep-alive does not wait.
    if (this.isLast) lines.push(CLOSE);
  }

  /** Whether more of the body is to come than is read away for the sake of the connection. */
  #leavesTooMuch(): boolean {
    const body = this.#body;
    if (body === null || body.isDone) return false;
    const { contentLength, expectsContinue } = this.http1Head;
    return (
      body.isBroken || expectsContinue || contentLength === -1 || contentLength > HTTP_LIMITS.drainBytesMax
    );
  }

  #begin(head: Buffer, framing: WriterFraming, bytes: number): BodyWriter {
    const { socket, onWritten } = this.#connection;
    this.#writer = new Http1BodyWriter(socket, framing, bytes, head, onWritten);
    return this.#writer;
  }

  #upgradeRequest(): UpgradeRequest {
    const connection = this.#connection;
    return {
      socket: connection.socket,
      takeHeld: () => connection.handOver(),
      accept: (fields) => {
        this.isEnded = true;
        connection.socket.write(writeOwnHead(101, [fieldLines(fields)]));
      },
    };
  }
}
