import type { Duplex, Readable, Writable } from 'node:stream';
import type { Field } from './fields.ts';

/** How the request body will come: none, a known number of bytes, or open-ended. */
export type BodyForm =
  | { readonly kind: 'none' }
  | { readonly kind: 'sized'; readonly bytes: number }
  | { readonly kind: 'streamed' };

/** One request as it goes to an upstream: fields are end-to-end ones only, without Host and without framing. */
export interface UpstreamRequest {
  readonly method: string;
  /** Path and query, byte for byte. */
  readonly path: string;
  /** Host (HTTP/1.1) or :authority (HTTP/2), when the service passes on the client's. */
  readonly clientAuthority: string;
  readonly fields: readonly Field[];
  readonly body: BodyForm;
  /** Wait with the body for the upstream's 100 (Expect: 100-continue). */
  readonly expectContinue: boolean;
  /** The client takes trailers (TE: trailers); said to HTTP/2 upstreams only. */
  readonly takesTrailers: boolean;
  /** gRPC: needs HTTP/2 all the way. */
  readonly grpc: boolean;
  /** Ask for the upgrade to websocket; on a connection of its own, HTTP/1.1 only. */
  readonly websocket: boolean;
}

/** What an upstream says before its response. */
export interface UpstreamEvents {
  onContinue(): void;
  /** An informational response other than 100 and 101. */
  onInform(status: number, fields: readonly Field[]): void;
}

export interface UpstreamResponse {
  readonly status: number;
  readonly fields: readonly Field[];
  /** False when the head already said that nothing follows; gRPC tells that from an empty body. */
  readonly hasBody: boolean;
  readonly body: Readable;
  /** The trailer section; complete once the body has ended. */
  trailers(): readonly Field[];
  /** True when the body has ended the way its framing promised, false when it broke off. */
  complete(): boolean;
  /** Set with status 101: what flows from here on. */
  readonly upgraded: UpgradedUpstream | null;
}

/** One try of a request at one target. `connected` settles first; only then is anything of the body written. */
export interface Attempt {
  readonly connected: Promise<void>;
  readonly response: Promise<UpstreamResponse>;
  readonly writer: Writable;
  /** Ends the request body. */
  finish(trailers: readonly Field[]): void;
  /** Ends the exchange at once, on the wire as well; harmless after the end. `silent`: because no answer came in time. */
  abort(silent?: 'silent'): void;
  /** Called once, when the exchange with the target is over in any way. */
  onClosed(listener: () => void): void;
}

/** An accepted upgrade: raw bytes both ways from here on. */
export interface UpgradedUpstream {
  readonly socket: Duplex;
  /** Bytes that came together with the 101. */
  readonly head: Buffer;
}
