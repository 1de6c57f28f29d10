import { type CompiledRule, PosternError, type Upstream } from '@postern/contracts';
import type { Connection, ServedHost } from '../connection.ts';
import type { BodyForm, UpstreamRequest, UpstreamResponse } from '../upstream/attempt.ts';
import { type Field, hopByHopNames, passableTrailers, valuesOf } from '../upstream/fields.ts';
import { settleOnce } from '../upstream/settle-once.ts';
import type { UpstreamCall, Upstreams } from '../upstream/upstreams.ts';
import type { AccessEntry } from './access-log.ts';
import type { Exchange } from './exchange.ts';
import { forwardedFields, forwardedTrailers, takesTrailers } from './forwarding-fields.ts';
import { createIdleTimer, type IdleTimer } from './idle-timer.ts';
import { pump } from './pump.ts';
import { relayUpgrade } from './relay-upgrade.ts';
import type { RequestHead } from './request-head.ts';
import { answerHasBody, responseFields } from './response-fields.ts';

export interface ForwardOptions {
  readonly connection: Connection;
  readonly served: ServedHost;
  readonly rule: CompiledRule;
  readonly head: RequestHead;
  readonly websocket: boolean;
  /** CORS fields of every answer; null: the route has no policy. */
  readonly cors: readonly Field[] | null;
  readonly upstreams: Upstreams;
  readonly publicHttpsPort: number;
  /** Filled in as things become known. */
  readonly entry: AccessEntry;
}

/**
 * Sends an exchange to the rule's service and its answer back, both as they come.
 *
 * Throws a problem while the client can still be answered. After the response head a fault breaks the response off visibly. A client
 * that goes away ends the upstream's exchange at once.
 */
export async function forward(exchange: Exchange, options: ForwardOptions): Promise<void> {
  const { entry, rule, served } = options;
  const services = served.document.services;
  const upstream = Object.hasOwn(services, rule.service) ? services[rule.service] : undefined;
  if (upstream === undefined)
    throw new PosternError('internal', { detail: 'The service of the rule is missing.' });
  const request = requestOf(exchange, options, upstream);

  let call: UpstreamCall | undefined;
  let clientGone = !exchange.isOpen();
  exchange.onAborted(() => {
    clientGone = true;
    entry.aborted = true;
    call?.abort();
  });
  const startedAt = performance.now();
  call = await options.upstreams.open(`${served.document.project}/${rule.service}`, upstream, request, {
    onContinue() {
      exchange.inform(100, []);
    },
    onInform(status, fields) {
      const hop = hopByHopNames(fields);
      exchange.inform(
        status,
        fields.filter(([name]) => !hop(name.toLowerCase())),
      );
    },
  });
  entry.target = call.target;
  if (clientGone) {
    call.abort();
    return;
  }
  const body = sendBody(exchange, call, request, upstream, options);
  try {
    const response = await Promise.race([call.response, body.failed]);
    entry.upstreamMs = Math.round(performance.now() - startedAt);
    if (clientGone) return;
    if (response.upgraded !== null) await switchProtocols(exchange, response, entry);
    else await sendResponse(exchange, response, body, request, options);
  } catch (error) {
    if (clientGone) return;
    throw error;
  } finally {
    body.idle.stop();
    if (!body.done()) call.abort();
  }
}

interface SentBody {
  readonly idle: IdleTimer;
  /** Rejects with the problem of a body that is too large or paused too long; never resolves. */
  readonly failed: Promise<never>;
  /** True when the whole exchange with the upstream has come to its regular end. */
  done(): boolean;
  markAnswered(): void;
}

function sendBody(
  exchange: Exchange,
  call: UpstreamCall,
  request: UpstreamRequest,
  upstream: Upstream,
  { entry }: ForwardOptions,
): SentBody {
  const failed = settleOnce<never>();
  let sent = request.body.kind === 'none';
  let answered = false;
  const idle = createIdleTimer(upstream.idleBodyMs, () => {
    const upstreamStalls = call.writer.writableNeedDrain;
    failed.reject(
      upstreamStalls
        ? new PosternError('upstream_timeout', { detail: 'The upstream stopped reading the request body.' })
        : new PosternError('request_timeout', {
            detail: `The body paused for longer than ${upstream.idleBodyMs} ms.`,
          }),
    );
  });
  const limit = upstream.maxBodyBytes ?? Number.POSITIVE_INFINITY;
  if (!sent) {
    if (!request.grpc) idle.touch();
    pump(exchange.body, call.writer, (bytes) => {
      entry.bytesIn += bytes;
      if (entry.bytesIn > limit) throw tooLarge(limit);
      if (!request.grpc) idle.touch();
    }).then(
      () => {
        sent = true;
        if (!answered) idle.pause();
        call.finish(forwardedTrailers(exchange.trailers()));
      },
      (error: unknown) => {
        // A broken-off pump is the client's or the upstream's end, and each of them is heard of in its own place.
        if (error instanceof PosternError) failed.reject(error);
      },
    );
  }
  return {
    idle,
    failed: failed.promise,
    done: () => sent && answered,
    markAnswered() {
      answered = true;
    },
  };
}

async function sendResponse(
  exchange: Exchange,
  response: UpstreamResponse,
  body: SentBody,
  request: UpstreamRequest,
  { cors, entry }: ForwardOptions,
): Promise<void> {
  // RFC 9110 section 15: nothing else is a final status, and HTTP/2 could not carry it.
  if (response.status < 200 || response.status > 599) {
    throw new PosternError('upstream_invalid', {
      detail: `The upstream answered with the status ${response.status}.`,
    });
  }
  const fields = responseFields(response, { upstreamMs: entry.upstreamMs ?? 0, cors });
  const hasBody = response.hasBody && answerHasBody(request.method, response.status);
  const endless =
    request.grpc || /^text\/event-stream\b/i.test(valuesOf(response.fields, 'content-type')[0] ?? '');
  const writer = exchange.respond(response.status, fields, { hasBody, close: false });
  entry.status = response.status;
  if (endless) body.idle.stop();
  else body.idle.touch();
  try {
    if (hasBody) {
      const moved = pump(response.body, writer, (bytes) => {
        entry.bytesOut += bytes;
        body.idle.touch();
      });
      await Promise.race([moved, body.failed]);
    } else {
      response.body.resume();
    }
    if (hasBody && !response.complete()) throw brokenOff();
    body.markAnswered();
    exchange.end(passableTrailers(response.trailers()));
  } catch (error) {
    // The head is out: the one honest thing left is an answer that visibly lacks its end.
    entry.aborted = true;
    entry.code = error instanceof PosternError ? error.code : 'upstream_invalid';
    exchange.abort();
  }
}

async function switchProtocols(
  exchange: Exchange,
  response: UpstreamResponse,
  entry: AccessEntry,
): Promise<void> {
  const { upgrade } = exchange;
  if (upgrade === null || response.upgraded === null) {
    throw new PosternError('upstream_invalid', { detail: 'The upstream switched protocols unasked.' });
  }
  entry.status = 101;
  upgrade.accept([
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ...responseFields(response, { upstreamMs: entry.upstreamMs ?? 0, cors: null }),
  ]);
  const { bytesIn, bytesOut } = await relayUpgrade(upgrade, response.upgraded);
  entry.bytesIn += bytesIn;
  entry.bytesOut += bytesOut;
  entry.aborted = false;
}

function requestOf(exchange: Exchange, options: ForwardOptions, upstream: Upstream): UpstreamRequest {
  const { head, connection, served, websocket } = options;
  const limit = upstream.maxBodyBytes;
  if (limit !== null && head.contentLength !== null && head.contentLength > limit) throw tooLarge(limit);
  let body: BodyForm = { kind: 'streamed' };
  if (!exchange.hasBody) body = { kind: 'none' };
  else if (head.contentLength !== null) body = { kind: 'sized', bytes: head.contentLength };
  return {
    method: exchange.method,
    path: head.target,
    clientAuthority: head.authority,
    fields: forwardedFields(exchange.fields, {
      connection,
      authority: head.authority,
      publicHttpsPort: options.publicHttpsPort,
      dropAuthorization: served.document.httpBasic !== null,
    }),
    body,
    expectContinue: head.expectsContinue && exchange.protocol !== 'HTTP/1.0' && body.kind !== 'none',
    takesTrailers: takesTrailers(exchange.fields),
    grpc: /^application\/grpc\b/i.test(valuesOf(exchange.fields, 'content-type')[0] ?? ''),
    websocket,
  };
}

function tooLarge(limit: number): PosternError {
  return new PosternError('content_too_large', {
    detail: `The service takes request bodies of at most ${limit} bytes.`,
  });
}

function brokenOff(): PosternError {
  return new PosternError('upstream_invalid', { detail: 'The upstream broke its answer off.' });
}
