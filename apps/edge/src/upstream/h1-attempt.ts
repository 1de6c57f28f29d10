import type { ClientRequest, Agent as HttpAgent, IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { PosternError, type Target, targetName } from '@postern/contracts';
import { type AddressGuard, forbidden } from './address-guard.ts';
import type { Attempt, UpstreamEvents, UpstreamRequest, UpstreamResponse } from './attempt.ts';
import { type Field, fieldsOfRaw, rawOfFields } from './fields.ts';
import { settleOnce } from './settle-once.ts';
import { problemOfUpstream, StaleConnectionError, upstreamTimeout } from './upstream-error.ts';

/** Bytes. Response heads of upstreams are trusted further than clients' (large cookies, long Link fields). */
const RESPONSE_HEAD_BYTES_MAX = 64 * 1024;

export interface Http1AttemptOptions {
  readonly target: Target;
  readonly agent: HttpAgent;
  /** Value of the Host field. */
  readonly host: string;
  readonly request: UpstreamRequest;
  readonly events: UpstreamEvents;
  readonly connectMs: number;
  readonly guard: AddressGuard;
}

/** Sends one request over HTTP/1.1. The head goes out when the connection stands, a body only when the caller writes it. */
export function startHttp1Attempt(options: Http1AttemptOptions): Attempt {
  const { target, request, events } = options;
  const name = targetName(target);
  const connected = settleOnce<void>();
  const response = settleOnce<UpstreamResponse>();
  let isConnected = false;
  let isSettled = false;
  let socket: Socket | undefined;
  let bytesReadBefore = 0;

  const send = target.protocol === 'https' ? httpsRequest : httpRequest;
  const outgoing: ClientRequest = send({
    host: target.host.replace(/^\[|\]$/g, ''),
    port: target.port,
    method: request.method,
    path: request.path,
    headers: rawOfFields([['Host', options.host], ...request.fields, ...framingOf(request)]),
    agent: options.agent,
    lookup: options.guard.lookupFor(target.port),
    maxHeaderSize: RESPONSE_HEAD_BYTES_MAX,
  });
  const timer = setTimeout(() => {
    outgoing.destroy(upstreamTimeout('connect', options.connectMs, name));
  }, options.connectMs);

  const markConnected = (): void => {
    // Looked at again here, because a pooled or raced connection did not come through the lookup of this request.
    const refusal = options.guard.refusalOf(socket?.remoteAddress ?? '', target.port);
    if (refusal !== undefined) {
      outgoing.destroy(forbidden(target.host, socket?.remoteAddress ?? '', refusal));
      return;
    }
    clearTimeout(timer);
    isConnected = true;
    connected.resolve();
  };
  outgoing.on('socket', (assigned) => {
    socket = assigned;
    bytesReadBefore = assigned.bytesRead;
    if (outgoing.reusedSocket) markConnected();
    else if (assigned instanceof TLSSocket) assigned.once('secureConnect', markConnected);
    else if (assigned.connecting) assigned.once('connect', markConnected);
    else markConnected();
  });
  outgoing.on('continue', () => {
    events.onContinue();
  });
  outgoing.on('information', (information) => {
    if (information.statusCode === 100 || information.statusCode === 101) return;
    events.onInform(information.statusCode, fieldsOfRaw(information.rawHeaders));
  });
  outgoing.on('upgrade', (incoming, upgradedSocket, head) => {
    isSettled = true;
    if (!request.websocket || incoming.headers.upgrade?.toLowerCase() !== 'websocket') {
      upgradedSocket.destroy();
      response.reject(invalid(name, 'it switched to a protocol nobody asked for'));
      return;
    }
    response.resolve({
      status: 101,
      fields: fieldsOfRaw(incoming.rawHeaders),
      hasBody: false,
      body: Readable.from([]),
      trailers: () => [],
      complete: () => true,
      upgraded: { socket: upgradedSocket, head },
    });
  });
  outgoing.on('response', (incoming) => {
    isSettled = true;
    response.resolve(responseOf(incoming));
  });
  outgoing.on('error', (error) => {
    isSettled = true;
    clearTimeout(timer);
    const stale =
      isConnected &&
      outgoing.reusedSocket &&
      !(error instanceof PosternError) &&
      socket?.bytesRead === bytesReadBefore;
    const problem = stale
      ? new StaleConnectionError('the reused connection was closed', { cause: error })
      : problemOfUpstream(error, name, isConnected);
    connected.reject(problem);
    response.reject(problem);
  });
  outgoing.once('close', () => {
    clearTimeout(timer);
    // Every exchange comes here; a problem costs a stack.
    if (isSettled) return;
    const problem = invalid(name, 'the exchange was ended');
    connected.reject(problem);
    response.reject(problem);
  });

  if (request.body.kind === 'none') outgoing.end();
  // Not flushHeaders(): it writes the head as UTF-8, and values are bytes read as Latin-1.
  else outgoing.write('', 'latin1');
  return {
    connected: connected.promise,
    response: response.promise,
    writer: outgoing,
    finish(trailers) {
      if (request.body.kind === 'none' || outgoing.destroyed || outgoing.writableEnded) return;
      if (request.body.kind === 'streamed' && trailers.length > 0) outgoing.addTrailers(trailers.map(pairOf));
      outgoing.end();
    },
    abort() {
      outgoing.destroy();
    },
    onClosed(listener) {
      outgoing.once('close', listener);
    },
  };
}

function framingOf(request: UpstreamRequest): Field[] {
  const fields: Field[] = [];
  if (request.websocket) fields.push(['Connection', 'Upgrade'], ['Upgrade', 'websocket']);
  if (request.expectContinue) fields.push(['Expect', '100-continue']);
  if (request.body.kind === 'sized') fields.push(['Content-Length', String(request.body.bytes)]);
  else if (request.body.kind === 'streamed') fields.push(['Transfer-Encoding', 'chunked']);
  else if (!['GET', 'HEAD', 'OPTIONS', 'DELETE'].includes(request.method))
    fields.push(['Content-Length', '0']);
  return fields;
}

function responseOf(incoming: IncomingMessage): UpstreamResponse {
  return {
    status: incoming.statusCode ?? 502,
    fields: fieldsOfRaw(incoming.rawHeaders),
    hasBody: incoming.headers['content-length'] !== '0',
    body: incoming,
    trailers: () => fieldsOfRaw(incoming.rawTrailers),
    complete: () => incoming.complete,
    upgraded: null,
  };
}

function pairOf([name, value]: Field): [string, string] {
  return [name, value];
}

function invalid(target: string, why: string): PosternError {
  return new PosternError('upstream_invalid', {
    detail: 'The upstream broke off, or did not speak HTTP, before its response head was complete.',
    context: { target, why },
  });
}
