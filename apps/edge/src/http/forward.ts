import { PosternError } from '@postern/contracts/plain';
import { fieldId } from '@postern/http1';
import { deadlines, NO_WAIT, type Watched } from '../deadlines.ts';
import { steadyNow } from '../steady-clock.ts';
import type { UpgradedUpstream, UpstreamRequest, UpstreamResponse } from '../upstream/attempt.ts';
import { type BodyWriter, NO_TRAILERS } from '../upstream/body.ts';
import { type Field, listOf, passableTrailers } from '../upstream/fields.ts';
import type { CallEvents, UpstreamCall } from '../upstream/upstream-call.ts';
import type { Exchange } from './exchange.ts';
import type { ForwardOptions } from './forward-options.ts';
import { ForwardedRequest } from './forwarded-request.ts';
import { Pump, type PumpListener } from './pump.ts';
import { answerHasBody, informationalFields, responseFields } from './response-fields.ts';
import { Upload } from './upload.ts';

const NO_NAMES: readonly string[] = [];

/**
 * Sends an exchange to the rule's service and its answer back, both as they come. After the response head a fault breaks the response
 * off visibly. A client that goes away ends the upstream's exchange at once.
 */
export function forward(exchange: Exchange, options: ForwardOptions): void {
  new Forwarding(exchange, options).start();
}

/** Its deadline: when an answer that does not go on is broken off. */
class Forwarding implements Watched, CallEvents, PumpListener {
  deadline = Number.POSITIVE_INFINITY;
  waitMs = NO_WAIT;
  place = -1;
  readonly #exchange: Exchange;
  readonly #options: ForwardOptions;
  readonly #request: UpstreamRequest;
  readonly #call: UpstreamCall;
  #upload: Upload | null = null;
  #response: UpstreamResponse | null = null;
  /** What Connection of the answer says is for one hop. */
  #nominated = NO_NAMES;
  #writer: BodyWriter | null = null;
  #download: Pump | null = null;
  /** Milliseconds that the answer may pause. */
  #idleMs = Number.POSITIVE_INFINITY;
  /** What of the answer had left when it began to wait for its client, or at the deadline since. */
  #sentBytes = 0;
  #isOver = false;

  constructor(exchange: Exchange, options: ForwardOptions) {
    const { service, upstream, context } = options;
    this.#exchange = exchange;
    this.#options = options;
    this.#request = new ForwardedRequest(exchange, options, upstream);
    this.#call = context.upstreams.call(service, upstream, this.#request, this);
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
    const { entry, upstream, context } = this.#options;
    const { pace } = context;
    const call = this.#call;
    entry.target = call.target;
    const request = this.#request;
    if (request.body.kind === 'none') return;
    this.#upload = new Upload({
      ...{ exchange: this.#exchange, call, request, upstream, entry, pace },
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
    const { entry, startedAt } = this.#options;
    entry.upstreamMs = Math.round(steadyNow() - startedAt);
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

  onFull(): void {
    this.#sentBytes = this.#writer?.sentBytes ?? 0;
  }

  /** From here on the upstream is waited for: the client's time is not taken off its own. */
  onRoom(): void {
    this.#touch();
  }

  onEnd(): void {
    // Who has answered wants no more of the request; let go of, the rest of it can be read away.
    const isSent = this.#upload?.stop() ?? true;
    if (!isSent) this.#call.abort();
    const trailers = this.#response?.trailers() ?? NO_TRAILERS;
    this.#exchange.end(trailers.length === 0 ? trailers : passableTrailers(trailers, this.#nominated));
    this.#end(null, true);
  }

  onBroken(problem?: Error): void {
    this.onFailed(problem);
  }

  onDeadline(): void {
    const writer = this.#writer;
    if (writer?.isFull !== true) this.onFailed(tooSlow('upstream'));
    else if (writer.sentBytes === this.#sentBytes) this.onFailed(tooSlow('client'));
    else {
      // It takes less than one read of the upstream in that time, but it does.
      this.#sentBytes = writer.sentBytes;
      this.#touch();
    }
  }

  #answer(response: UpstreamResponse): void {
    const { cors, entry, upstream } = this.#options;
    // RFC 9110 section 15: nothing else is a final status, and HTTP/2 could not carry it.
    if (response.status < 200 || response.status > 599) {
      throw new PosternError('upstream_invalid', {
        detail: `The upstream answered with the status ${response.status}.`,
      });
    }
    const request = this.#request;
    const hasBody = response.hasBody && answerHasBody(request.method, response.status);
    if (!request.grpc && !(hasBody && isEventStream(response))) this.#idleMs = upstream.idleBodyMs;
    const writer = this.#exchange.relay(response, { upstreamMs: entry.upstreamMs ?? 0, cors }, hasBody);
    this.#writer = writer;
    entry.status = response.status;
    this.#upload?.answered(() => this.#touch());
    if (hasBody) {
      // Read now: the bytes of the head are gone when the trailers come, which chunked bodies alone have.
      if (response.http1Head?.bodyKind(request.method) === 'chunked')
        this.#nominated = listOf(response.fields, 'connection');
      this.#download = new Pump(response.body, writer, this);
      this.#download.start();
    } else {
      // Content where none has a place is not waited for: it may have no end, or never come.
      if (response.hasBody) this.#call.abort();
      else response.body.start({ data() {}, end() {}, broken() {} });
      this.onEnd();
    }
    // What was short is over by now.
    if (this.#isOver) return;
    writer.flush();
    deadlines.watch(this);
    this.#touch();
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
    void this.#options.context.upgrades.relay(upgrade, upgraded).then(({ bytesIn, bytesOut }) => {
      entry.bytesIn += bytesIn;
      entry.bytesOut += bytesOut;
      entry.aborted = false;
      this.#end(null, true);
    });
  }

  #touch(): void {
    if (this.place >= 0 && this.#idleMs !== Number.POSITIVE_INFINITY) this.waitMs = this.#idleMs;
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
    this.#options.onOver(problem);
  }
}

const CONTENT_TYPE = fieldId('content-type');
const EVENT_STREAM = 'text/event-stream';

function isEventStream({ fields, http1Head }: UpstreamResponse): boolean {
  // Most answers are none, which shows without a string.
  if (http1Head !== null) {
    const index = http1Head.fields.find(CONTENT_TYPE);
    if (index === -1 || !http1Head.fields.valueBegins(index, EVENT_STREAM)) return false;
  }
  return /^text\/event-stream\b/i.test(fields.valuesOf('content-type')[0] ?? '');
}

function tooSlow(who: 'client' | 'upstream'): PosternError {
  return who === 'client'
    ? new PosternError('request_timeout', { detail: 'The client stopped reading the answer.' })
    : new PosternError('upstream_timeout', { detail: 'The upstream stopped in the middle of its answer.' });
}
