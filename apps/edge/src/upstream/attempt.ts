import type { Duplex } from 'node:stream';
import type { FieldLines, ResponseHead } from '@postern/http1';
import type { BodySource, BodyWriter } from './body.ts';
import type { Field, FieldList } from './fields.ts';

/** How the request body will come: none, a known number of bytes, or open-ended. */
export type BodyForm =
  | { readonly kind: 'none' }
  | { readonly kind: 'sized'; readonly bytes: number }
  | { readonly kind: 'streamed' };

/** One request as it goes to an upstream. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, byte for byte. */
  readonly path: string;
  /** Host (HTTP/1.1) or :authority (HTTP/2), when the service passes on the client's. */
  readonly clientAuthority: string;
  /** The end-to-end fields, without Host and without framing. */
  fields(): readonly Field[];
  /**
   * Writes the head as HTTP/1.1 where it came as such, else null: the same fields as bytes, with Host and framing. `hostLine` takes the
   * place of the client's Host. To be called before the client's exchange is over.
   */
  writeHttp1Head(hostLine: FieldLines | null): Buffer | null;
  readonly body: BodyForm;
  /** Wait with the body for the upstream's 100 (Expect: 100-continue). */
  readonly expectContinue: boolean;
  /** The client takes trailers (TE: trailers); said to HTTP/2 upstreams only. */
  takesTrailers(): boolean;
  /** gRPC: needs HTTP/2 all the way. */
  readonly grpc: boolean;
  /** Ask for the upgrade to websocket; on a connection of its own, HTTP/1.1 only. */
  readonly websocket: boolean;
}

/** What an upstream says before its response. Whoever hears of fields uses them before it returns: their bytes are read over. */
export interface UpstreamEvents {
  onContinue(): void;
  /** An informational response other than 100 and 101. */
  onInform(status: number, fields: readonly Field[]): void;
}

export interface UpstreamResponse {
  readonly status: number;
  /** As they came; to be read before `onResponse` returns and the body is started. */
  readonly fields: FieldList;
  /** The head where it came as HTTP/1.1; to be read then as well. */
  readonly http1Head: ResponseHead | null;
  /** False when the head already said that nothing follows; gRPC tells that from an empty body. */
  readonly hasBody: boolean;
  /** To be started in any case, also where nothing follows: the connection is free for others after it. */
  readonly body: BodySource;
  /** The trailer section; complete once the body has ended. */
  trailers(): readonly Field[];
  /** Set with status 101: what flows from here on. */
  readonly upgraded: UpgradedUpstream | null;
}

/** What becomes of an attempt: a response or a failure, and its end in any case. Nothing of it is told before `startAttempt` returns. */
export interface AttemptEvents extends UpstreamEvents {
  /** The head of the answer. */
  onResponse(response: UpstreamResponse): void;
  /** There will be no answer. */
  onFailed(error: unknown): void;
  /** The exchange with the target is over in any way; the last that is heard of it. */
  onClosed(): void;
}

/** One try of a request at one target, with a connection that stands and a head that is sent. */
export interface Attempt {
  readonly writer: BodyWriter;
  /** Ends the request body. */
  finish(trailers: readonly Field[]): void;
  /** Ends the exchange at once, on the wire as well; harmless after the end. `silent`: because no answer came in time. */
  abort(silent?: 'silent'): void;
}

/** An accepted upgrade: raw bytes both ways from here on. */
export interface UpgradedUpstream {
  readonly socket: Duplex;
  /** Bytes that came together with the 101. */
  readonly head: Buffer;
}
