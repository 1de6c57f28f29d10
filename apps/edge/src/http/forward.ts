import { type CompiledRule, PosternError, type Upstream } from '@postern/contracts';
import type { Connection, ServedHost } from '../connection.ts';
import type { BodyForm, UpstreamRequest, UpstreamResponse } from '../upstream/attempt.ts';
import type { BodyReceiver } from '../upstream/body.ts';
import { type Field, passableTrailers } from '../upstream/fields.ts';
import { settleOnce } from '../upstream/settle-once.ts';
import type { UpstreamCall, Upstreams } from '../upstream/upstreams.ts';
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
import { createIdleTimer } from './idle-timer.ts';
import { pump } from './pump.ts';
import { relayUpgrade } from './relay-upgrade.ts';
import type { RequestHead } from './request-head.ts';
import { answerHasBody, informationalFields, responseFields } from './response-fields.ts';
import { bodyTooLarge, startUpload, type Upload } from './upload.ts';

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
  let upload: Upload | undefined;
  if (!exchange.isOpen()) {
    entry.aborted = true;
    return;
  }
  let clientGone = false;
  exchange.onAborted(() => {
    clientGone = true;
    entry.aborted = true;
    call?.abort();
  });
  const startedAt = performance.now();
  call = await options.upstreams.open(`${served.document.project}/${rule.service}`, upstream, request, {
    onContinue() {
      exchange.inform(100, []);
      upload?.askedFor();
    },
    onInform(status, fields) {
      exchange.inform(status, informationalFields(fields));
    },
  });
  entry.target = call.target;
  if (clientGone) {
    call.abort();
    return;
  }
  upload = startUpload({ exchange, call, request, upstream, entry, pace: options.pace });
  let whole = false;
  try {
    const response = await Promise.race([call.response, upload.failed]);
    entry.upstreamMs = Math.round(performance.now() - startedAt);
    if (clientGone) return;
    if (response.upgraded !== null) await switchProtocols(exchange, response, entry);
    else whole = await sendResponse(exchange, response, { call, upload, request, upstream, options });
  } catch (error) {
    if (clientGone) return;
    throw error;
  } finally {
    upload.stop();
    if (!whole) call.abort();
  }
}

interface ResponseContext {
  readonly call: UpstreamCall;
  readonly upload: Upload;
  readonly request: UpstreamRequest;
  readonly upstream: Upstream;
  readonly options: ForwardOptions;
}

/** Resolves with whether the answer came to its regular end. */
async function sendResponse(
  exchange: Exchange,
  response: UpstreamResponse,
  { call, upload, request, upstream, options: { cors, entry } }: ResponseContext,
): Promise<boolean> {
  // RFC 9110 section 15: nothing else is a final status, and HTTP/2 could not carry it.
  if (response.status < 200 || response.status > 599) {
    throw new PosternError('upstream_invalid', {
      detail: `The upstream answered with the status ${response.status}.`,
    });
  }
  const hasBody = response.hasBody && answerHasBody(request.method, response.status);
  const endless =
    request.grpc || /^text\/event-stream\b/i.test(response.fields.valuesOf('content-type')[0] ?? '');
  const writer = exchange.relay(response, { upstreamMs: entry.upstreamMs ?? 0, cors }, hasBody);
  entry.status = response.status;
  const stalled = settleOnce<never>();
  const idle = createIdleTimer(endless ? null : upstream.idleBodyMs, () => {
    stalled.reject(tooSlow(writer.isFull ? 'client' : 'upstream'));
  });
  upload.answered(idle.touch);
  try {
    if (hasBody) {
      const onChunk = (bytes: number): void => {
        entry.bytesOut += bytes;
        idle.touch();
      };
      const { finished } = pump(response.body, writer, { onChunk });
      await Promise.race([finished, upload.failed, stalled.promise]);
    } else if (response.hasBody && response.http1Head !== null) {
      // Content where none has a place is not waited for: it may have no end, or never come.
      call.abort();
    } else {
      response.body.start({ ...NOBODY, data: () => call.abort() });
    }
    // Who has answered wants no more of the request; let go of, the rest of it can be read away.
    if (!upload.stop()) call.abort();
    exchange.end(passableTrailers(response.trailers()));
    return true;
  } catch (error) {
    // A client that left has ended the upstream's exchange, and is not to be taken for its fault.
    if (entry.aborted) return false;
    // The head is out: the one honest thing left is an answer that visibly lacks its end.
    entry.aborted = true;
    entry.code = error instanceof PosternError ? error.code : 'upstream_invalid';
    exchange.abort();
    return false;
  } finally {
    idle.stop();
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
    takesTrailers: takesTrailers(exchange.fields),
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

/** Of an answer without a body nothing is to be heard. */
const NOBODY: BodyReceiver = { data() {}, end() {}, broken() {} };

function tooSlow(who: 'client' | 'upstream'): PosternError {
  return who === 'client'
    ? new PosternError('request_timeout', { detail: 'The client stopped reading the answer.' })
    : new PosternError('upstream_timeout', { detail: 'The upstream stopped in the middle of its answer.' });
}
