import type { Duplex, Readable, Writable } from 'node:stream';
import type { Field } from '../upstream/fields.ts';

/** One request and its answer, the same for HTTP/1.1 and HTTP/2. Nothing in it has been judged yet. */
export interface Exchange {
  readonly id: string;
  readonly protocol: 'HTTP/0.9' | 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  readonly method: string;
  /** Request target as sent; in HTTP/2 `:path`. */
  readonly target: string;
  /** `:authority` of HTTP/2; null where absent. */
  readonly authority: string | null;
  /** `:scheme` of HTTP/2; null on HTTP/1. */
  readonly scheme: string | null;
  readonly fields: readonly Field[];
  /** Whether a body follows the head; its declared length is in the fields. */
  readonly hasBody: boolean;
  readonly body: Readable;
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
  /** Sends the response head at once and gives the writer of its body. */
  respond(status: number, fields: readonly Field[], options: RespondOptions): Writable;
  /** Ends the response; trailers go out where the framing has room for them. */
  end(trailers: readonly Field[]): void;
  /** Breaks the response off so that the client sees that it is not whole. */
  abort(): void;
  /** Ends the whole connection without an answer (GOAWAY with the stream refused, or close), because its policy is gone. */
  dismiss(): void;
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
