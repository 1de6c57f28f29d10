import type { Upstream } from '@postern/contracts/plain';
import type { FieldLines } from '@postern/http1';
import type { Connection } from '../connection.ts';
import type { BodyForm, UpstreamRequest } from '../upstream/attempt.ts';
import type { Field } from '../upstream/fields.ts';
import { writeHeadWithLines } from '../upstream/h1-own-head.ts';
import type { Exchange } from './exchange.ts';
import type { ForwardOptions } from './forward-options.ts';
import {
  type AddedLines,
  type ForwardingOptions,
  keptFields,
  takesTrailers,
  writeForwardedHead,
} from './forwarding-fields.ts';
import { identityFields } from './identity-fields.ts';
import { bodyTooLarge } from './upload.ts';

const NO_BODY: BodyForm = { kind: 'none' };
const STREAMED: BodyForm = { kind: 'streamed' };

/** The request of an exchange as its service gets it. */
export class ForwardedRequest implements UpstreamRequest, ForwardingOptions {
  readonly method: string;
  readonly path: string;
  readonly clientAuthority: string;
  readonly body: BodyForm;
  readonly expectContinue: boolean;
  readonly grpc: boolean;
  readonly websocket: boolean;
  readonly connection: Connection;
  readonly publicHttpsPort: number;
  readonly identity: readonly Field[];
  readonly dropAuthorization: boolean;
  readonly #exchange: Exchange;
  readonly #added: AddedLines;

  /** Throws `body_too_large` where that is declared. */
  constructor(exchange: Exchange, options: ForwardOptions, upstream: Upstream) {
    const { head, connection, served, websocket, context } = options;
    const { contentLength } = head;
    const limit = upstream.maxBodyBytes;
    if (limit !== null && contentLength !== null && contentLength > limit) throw bodyTooLarge(limit);
    this.#exchange = exchange;
    this.#added = options.added;
    this.method = exchange.method;
    this.path = head.target;
    this.clientAuthority = head.authority;
    this.body = !exchange.hasBody
      ? NO_BODY
      : contentLength === null
        ? STREAMED
        : { kind: 'sized', bytes: contentLength };
    this.expectContinue = head.expectsContinue && exchange.hasBody;
    this.grpc = isGrpc(exchange, upstream);
    this.websocket = websocket;
    this.connection = connection;
    this.publicHttpsPort = context.publicHttpsPort;
    this.identity = identityFields(connection, served.document, context.identityTokens);
    this.dropAuthorization = served.document.httpBasic !== null;
  }

  get authority(): string {
    return this.clientAuthority;
  }

  fields(): readonly Field[] {
    return [...keptFields(this.#exchange.fields.toPairs(), this), ...this.#added.pairsOf(this)];
  }

  /** Asks the exchange for its head: it fails when the exchange is over, and the bytes of the head are no longer its own. */
  writeHttp1Head(hostLine: FieldLines | null): Buffer {
    const { http1Head, fields } = this.#exchange;
    if (http1Head !== null) return writeForwardedHead(http1Head, hostLine, this, this.#added);
    const kept = keptFields(fields.toPairs(), this);
    return writeHeadWithLines(this, hostLine, kept, this.#added.linesOf(this));
  }

  takesTrailers(): boolean {
    return takesTrailers(this.#exchange.fields);
  }
}

/** Whether this can be gRPC, which has no time limits for bodies; only HTTP/2 on both sides carries it, whatever the client says. */
function isGrpc(exchange: Exchange, upstream: Upstream): boolean {
  return (
    exchange.protocol === 'HTTP/2' &&
    upstream.targets.every(({ protocol }) => protocol !== 'http') &&
    /^application\/grpc(?:[+;]|\s*$)/i.test(exchange.fields.valuesOf('content-type')[0] ?? '')
  );
}
