import type { Duplex } from 'node:stream';
import type { PosternError } from '@postern/contracts';
import type { RequestHead } from '@postern/http1';
import type { UpstreamResponse } from '../upstream/attempt.ts';
import type { BodySource, BodyWriter } from '../upstream/body.ts';
import type { Field, FieldList } from '../upstream/fields.ts';

/** One request and its answer, the same for HTTP/1.1 and HTTP/2. Nothing in it has been judged yet. */
export interface Exchange {
  readonly id: string;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  readonly method: string;
  /** Request target in origin form, or `*`; in HTTP/2 `:path`. Empty where the head could not be read. */
  readonly target: string;
  /** `:authority` of HTTP/2; null where absent. */
  readonly authority: string | null;
  /** `:scheme` of HTTP/2; null on HTTP/1. */
  readonly scheme: string | null;
  readonly fields: FieldList;
  /** The head where it came as HTTP/1.1; not to be asked for when the exchange is over. */
  readonly http1Head: RequestHead | null;
  /** Why the head could not be read; nothing else in it holds then. */
  readonly fault: PosternError | null;
  /** Whether a body follows the head; its declared length is in the fields. */
  readonly hasBody: boolean;
  readonly body: BodySource;
  /** The trailer section of the request; complete once the body has ended. */
  trailers(): readonly Field[];
  /** Set when the connection would leave HTTP: the client asked for an upgrade (HTTP/1.1 only). */
  readonly upgrade: UpgradeRequest | null;
  /** True while the client can still be answered. */
  isOpen(): boolean;
  /** Calls back once, when the client goes away before its answer is complete. */
  onAborted(listener: () => void): void;
  /** Sends an informational response (1xx other than 101); without effect after the head. */
  inform(status: number, fields: readonly Field[]): void;
  /** Sends the response head, with the first of the body or by the writer's `flush`; gives that writer. */
  respond(status: number, fields: readonly Field[], options: RespondOptions): BodyWriter;
  /** Sends the head of an upstream's answer, with what the edge decides in its place; as `respond`. */
  relay(response: UpstreamResponse, decided: DecidedAnswer, hasBody: boolean): BodyWriter;
  /** Ends the response; trailers go out where the framing has room for them. */
  end(trailers: readonly Field[]): void;
  /** Breaks the response off so that the client sees that it is not whole. */
  abort(): void;
  /** Ends the whole connection without an answer (GOAWAY with the stream refused, or close), because its policy is gone. */
  dismiss(): void;
}

/** Serves one exchange to its end; `onDone` is called once, when nothing more will be written of its answer. Never throws. */
export type ServeExchange = (exchange: Exchange, onDone: () => void) => void;

/** What the edge says in the head of an upstream's answer. */
export interface DecidedAnswer {
  readonly upstreamMs: number;
  /** CORS fields of every answer; null: the route has no policy. */
  readonly cors: readonly Field[] | null;
}

export interface RespondOptions {
  /** False for HEAD, 204, 304: the head is all. */
  readonly hasBody: boolean;
  /** Close the HTTP/1 connection after this answer. */
  readonly close: boolean;
}

/** A client's wish to leave HTTP. Its bytes after the head are held back until an upstream has said 101. */
export interface UpgradeRequest {
  readonly socket: Duplex;
  /** What came after the head so far; from then on the caller reads the socket. */
  takeHeld(): Buffer;
  /** Hands the socket over; no HTTP is spoken on it afterwards. */
  accept(fields: readonly Field[]): void;
}
