import { type CompiledRule, PosternError, type Upstream } from '@postern/contracts/plain';
import type { Connection, ServedHost } from '../connection.ts';
import { deadlines, Timed } from '../deadlines.ts';
import type { BodyForm, UpgradedUpstream, UpstreamRequest, UpstreamResponse } from '../upstream/attempt.ts';
import type { BodyWriter } from '../upstream/body.ts';
import { type Field, listOf, passableTrailers } from '../upstream/fields.ts';
import type { CallEvents, UpstreamCall } from '../upstream/upstream-call.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { AccessEntry } from './access-log.ts';
import type { Exchange } from './exchange.ts';
import {
  type ForwardingOptions,
  forwardedFields,
  takesTrailers,
  writeForwardedHead,
} from './forwarding-fields.ts';
import type { ClientPace } from './http-limits.ts';
import { identityFields } from './identity-fields.ts';
import type { IdentityTokens } from './identity-token.ts';
import { Pump, type PumpListener } from './pump.ts';
import { relayUpgrade } from './relay-upgrade.ts';
import type { RequestHead } from './request-head.ts';
import { answerHasBody, informationalFields, responseFields } from './response-fields.ts';
import { bodyTooLarge, Upload } from './upload.ts';

export interface ForwardOptions {
  readonly connection: Connection;
  readonly served: ServedHost;
  readonly rule: CompiledRule;
  readonly head: RequestHead;
  readonly websocket: boolean;
  /** CORS fields of every answer; null: the route has no policy. */
  readonly cors: readonly Field[] | null;
  readonly upstreams: Upstreams;
  readonly identityTokens: IdentityTokens;
  readonly publicHttpsPort: number;
  readonly pace: ClientPace;
  /** Filled in as things become known. */
  readonly entry: AccessEntry;
}

/**
 * Sends an exchange to the rule's service and its answer back, both as they come. `onOver` is called once, at the end: with a problem
 * while the client can still be answered, else with null. After the response head a fault breaks the response off visibly. A client
 * that goes away ends the upstream's exchange at once.
 */
export function forward(
  exchange: Exchange,
  options: ForwardOptions,
  onOver: (problem: unknown) => void,
): void {
  const { rule, served } = options;
  const services = served.document.services;
  const upstream = Object.hasOwn(services, rule.service) ? services[rule.service] : undefined;
  if (upstream === undefined)
    throw new PosternError('internal', { detail: 'The service of the rule is missing.' });
  new Forwarding(exchange, options, upstream, onOver).start();
}

/** Its deadline: when an answer that does not go on is broken off. */
class Forwarding extends Timed implements CallEvents, PumpListener {
  readonly #exchange: Exchange;
  readonly #options: ForwardOptions;
  readonly #upstream: Upstream;
  readonly #request: UpstreamRequest;
  readonly #call: UpstreamCall;
  readonly #onOver: (problem: unknown) => void;
  readonly #startedAt = performance.now();
  #upload: Upload | null = null;
  #response: UpstreamResponse | null = null;
  /** What Connection of the answer says is for one hop. */
  #nominated: readonly string[] = [];
  #writer: BodyWriter | null = null;
  #download: Pump | null = null;
  /** Milliseconds that the answer may pause. */
  #idleMs = Number.POSITIVE_INFINITY;
  #isOver = false;

  constructor(
    exchange: Exchange,
    options: ForwardOptions,
    upstream: Upstream,
    onOver: (problem: unknown) => void,
  ) {
    super();
    const { rule, served, upstreams } = options;
    this.#exchange = exchange;
    this.#options = options;
    this.#upstream = upstream;
    this.#onOver = onOver;
    this.#request = requestOf(exchange, options, upstream);
    const service = `${served.document.project}/${rule.service}`;
    this.#call = upstreams.call(service, upstream, this.#request, this);
  }

  start(): void {
    const exchange = this.#exchange;
    if (!exchange.isOpen()) {
      this.#leave();
      return;
    }
    exchange.onAborted(() => this.#leave());
    this.#call.start();
  }

  onOpened(): void {
    const { entry, pace } = this.#options;
    const call = this.#call;
    entry.target = call.target;
    const request = this.#request;
    if (request.body.kind === 'none') return;
    this.#upload = new Upload({
      ...{ exchange: this.#exchange, call, request, upstream: this.#upstream, entry, pace },
      onFailed: (problem) => this.onFailed(problem),
    });
    this.#upload.start();
  }

  onContinue(): void {
    this.#exchange.inform(100, []);
    this.#upload?.askedFor();
  }

  onInform(status: number, fields: readonly Field[]): void {
    this.#exchange.inform(status, informationalFields(fields));
  }

  onResponse(response: UpstreamResponse): void {
    this.#response = response;
    this.#options.entry.upstreamMs = Math.round(performance.now() - this.#startedAt);
    try {
      if (response.upgraded !== null) this.#switchProtocols(response, response.upgraded);
      else this.#answer(response);
    } catch (error) {
      this.onFailed(error);
    }
  }

  onFailed(problem: unknown): void {
    if (this.#isOver) return;
    if (this.#writer === null) {
      this.#end(problem, false);
      return;
    }
    // The head is out: the one honest thing left is an answer that visibly lacks its end.
    const { entry } = this.#options;
    entry.aborted = true;
    entry.code = problem instanceof PosternError ? problem.code : 'upstream_invalid';
    this.#end(null, false);
    this.#exchange.abort();
  }

  onChunk(bytes: number): boolean {
    this.#options.entry.bytesOut += bytes;
    this.#touch();
    return true;
  }

  onFull(): void {}

  onRoom(): void {}

  onEnd(): void {
    // Who has answered wants no more of the request; let go of, the rest of it can be read away.
    const isSent = this.#upload?.stop() ?? true;
    if (!isSent) this.#call.abort();
    this.#exchange.end(passableTrailers(this.#response?.trailers() ?? [], this.#nominated));
    this.#end(null, true);
  }

  onBroken(problem?: Error): void {
    this.onFailed(problem);
  }

  onDeadline(): void {
    this.onFailed(tooSlow(this.#writer?.isFull === true ? 'client' : 'upstream'));
  }

  #answer(response: UpstreamResponse): void {
    const { cors, entry } = this.#options;
    // RFC 9110 section 15: nothing else is a final status, and HTTP/2 could not carry it.
    if (response.status < 200 || response.status > 599) {
      throw new PosternError('upstream_invalid', {
        detail: `The upstream answered with the status ${response.status}.`,
      });
    }
    const request = this.#request;
    const hasBody = response.hasBody && answerHasBody(request.method, response.status);
    if (!request.grpc && !(hasBody && isEventStream(response))) this.#idleMs = this.#upstream.idleBodyMs;
    const writer = this.#exchange.relay(response, { upstreamMs: entry.upstreamMs ?? 0, cors }, hasBody);
    this.#writer = writer;
    entry.status = response.status;
    this.#upload?.answered(() => this.#touch());
    this.#touch();
    if (hasBody) {
      // Read now: the bytes of the head are gone when the trailers come.
      if (response.http1Head !== null) this.#nominated = listOf(response.fields, 'connection');
      this.#download = new Pump(response.body, writer, this);
      this.#download.start();
    } else {
      // Content where none has a place is not waited for: it may have no end, or never come.
      if (response.hasBody) this.#call.abort();
      else response.body.start({ data() {}, end() {}, broken() {} });
      this.onEnd();
    }
    if (this.#isOver) return;
    writer.flush();
    deadlines.watch(this);
  }

  #switchProtocols(response: UpstreamResponse, upgraded: UpgradedUpstream): void {
    const { upgrade } = this.#exchange;
    const { entry } = this.#options;
    if (upgrade === null)
      throw new PosternError('upstream_invalid', { detail: 'The upstream switched protocols unasked.' });
    entry.status = 101;
    upgrade.accept([
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
      ...responseFields(response, { upstreamMs: entry.upstreamMs ?? 0, cors: null }),
    ]);
    void relayUpgrade(upgrade, upgraded).then(({ bytesIn, bytesOut }) => {
      entry.bytesIn += bytesIn;
      entry.bytesOut += bytesOut;
      entry.aborted = false;
      this.#end(null, true);
    });
  }

  #touch(): void {
    if (this.#idleMs !== Number.POSITIVE_INFINITY) this.deadline = performance.now() + this.#idleMs;
  }

  /** The client has gone. */
  #leave(): void {
    this.#options.entry.aborted = true;
    // What an upgrade has become ends with its sockets.
    if (this.#response?.upgraded == null) this.#end(null, false);
  }

  #end(problem: unknown, isWhole: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    deadlines.forget(this);
    this.#download?.stop();
    this.#upload?.stop();
    if (!isWhole) this.#call.abort();
    this.#onOver(problem);
  }
}

function isEventStream({ fields }: UpstreamResponse): boolean {
  return /^text\/event-stream\b/i.test(fields.valuesOf('content-type')[0] ?? '');
}

function requestOf(exchange: Exchange, options: ForwardOptions, upstream: Upstream): UpstreamRequest {
  const { head, connection, served, websocket } = options;
  const limit = upstream.maxBodyBytes;
  if (limit !== null && head.contentLength !== null && head.contentLength > limit) throw bodyTooLarge(limit);
  let body: BodyForm = { kind: 'streamed' };
  if (!exchange.hasBody) body = { kind: 'none' };
  else if (head.contentLength !== null) body = { kind: 'sized', bytes: head.contentLength };
  const forwarding: ForwardingOptions = {
    connection,
    authority: head.authority,
    publicHttpsPort: options.publicHttpsPort,
    identity: identityFields(connection, served.document, options.identityTokens),
    dropAuthorization: served.document.httpBasic !== null,
  };
  const { http1Head } = exchange;
  const request: UpstreamRequest = {
    method: exchange.method,
    path: head.target,
    clientAuthority: head.authority,
    fields: () => forwardedFields(exchange.fields.toPairs(), forwarding),
    writeHttp1Head:
      http1Head === null
        ? null
        : // Asked for anew: it fails when the exchange is over, and the bytes of the head are no longer its own.
          (hostLine) => writeForwardedHead(exchange.http1Head ?? http1Head, hostLine, request, forwarding),
    body,
    expectContinue: head.expectsContinue && body.kind !== 'none',
    takesTrailers: () => takesTrailers(exchange.fields),
    grpc: isGrpc(exchange, upstream),
    websocket,
  };
  return request;
}

/** Whether this can be gRPC, which has no time limits for bodies; only HTTP/2 on both sides carries it, whatever the client says. */
function isGrpc(exchange: Exchange, upstream: Upstream): boolean {
  return (
    exchange.protocol === 'HTTP/2' &&
    upstream.targets.every(({ protocol }) => protocol !== 'http') &&
    /^application\/grpc(?:[+;]|\s*$)/i.test(exchange.fields.valuesOf('content-type')[0] ?? '')
  );
}

function tooSlow(who: 'client' | 'upstream'): PosternError {
  return who === 'client'
    ? new PosternError('request_timeout', { detail: 'The client stopped reading the answer.' })
    : new PosternError('upstream_timeout', { detail: 'The upstream stopped in the middle of its answer.' });
}
