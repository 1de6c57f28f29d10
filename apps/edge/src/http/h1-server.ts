import { createServer, type IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { PosternError, problemDocumentOf, renderProblem } from '@postern/contracts';
import type { Connection } from '../connection.ts';
import type { Exchange } from './exchange.ts';
import { createHttp1Exchange } from './h1-exchange.ts';
import { type ClientPace, HTTP_LIMITS } from './http-limits.ts';
import { newRequestId } from './request-id.ts';
import type { UnreadAnswers } from './unread-answers.ts';

/** Serves one exchange to its end; resolves when the next request of the connection may begin. Never rejects. */
export type HandleExchange = (exchange: Exchange, connection: Connection) => Promise<void>;

/** HTTP/1.x over connections that were accepted and admitted elsewhere. */
export interface Http1Server {
  serve(connection: Connection): { drain(): void };
  /** Ends idle connections and the checking of time limits. */
  close(): void;
}

interface Lane {
  readonly connection: Connection;
  /** Requests of a connection, one after another. */
  queue: Promise<void>;
  waiting: number;
  draining: boolean;
}

/** One node:http server for all connections of a worker; each is fed to it by emit('connection'). */
export function createHttp1Server(
  handle: HandleExchange,
  pace: ClientPace,
  unread: UnreadAnswers,
): Http1Server {
  const lanes = new WeakMap<Duplex, Lane>();
  const refused = new WeakSet<Duplex>();
  const server = createServer({
    requireHostHeader: false,
    maxHeaderSize: HTTP_LIMITS.headBytesMax,
    headersTimeout: pace.headTimeoutMs,
    // Bodies may take as long as they flow: the forwarding half times them.
    requestTimeout: 0,
    keepAliveTimeout: pace.idleMs,
    connectionsCheckingInterval: 500,
    noDelay: true,
    shouldUpgradeCallback: (request) => request.headers.upgrade !== undefined,
  });
  // Fields over the bound are counted and refused by the request's reader; 0 keeps Node from dropping them silently.
  server.maxHeadersCount = 0;

  const enqueue = (request: IncomingMessage, response: ServerResponse, upgradeHead: Buffer | null): void => {
    const { socket } = request;
    const lane = lanes.get(socket);
    if (lane === undefined || lane.waiting >= HTTP_LIMITS.pipelinedMax) {
      socket.destroy();
      return;
    }
    lane.waiting += 1;
    const closed = new Promise((resolve) => response.once('close', resolve));
    const exchange = createHttp1Exchange({
      request,
      response,
      socket,
      upgradeHead,
      mustClose: () => lane.draining,
    });
    lane.queue = lane.queue.then(async () => {
      if (!socket.destroyed) {
        await handle(exchange, lane.connection);
        // An answer may still be on its way out when its handler is done.
        if (upgradeHead === null) {
          const taken = unread.watch(
            () => socket.writableLength,
            () => socket.destroy(),
          );
          await closed;
          taken();
        }
      }
      lane.waiting -= 1;
      if (lane.draining && lane.waiting === 0 && upgradeHead === null) endGently(socket);
    });
  };
  server.on('request', (request, response) => {
    enqueue(request, response, null);
  });
  server.on('checkContinue', (request, response) => {
    enqueue(request, response, null);
  });
  server.on('checkExpectation', (request, response) => {
    enqueue(request, response, null);
  });
  const onLeaving = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => {
      socket.destroy();
    });
    // Behind an unanswered request nobody sends an upgrade, and Node gives a socket one response at a time.
    if (lanes.get(socket)?.waiting !== 0) {
      socket.destroy();
      return;
    }
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket as TLSSocket);
    response.once('finish', () => {
      endGently(socket);
    });
    enqueue(request, response, head);
  };
  server.on('upgrade', onLeaving);
  server.on('connect', onLeaving);
  server.on('clientError', (error: Error & { code?: string }, socket) => {
    if (refused.has(socket)) return;
    refused.add(socket);
    if (!socket.writable || error.code === 'ECONNRESET') socket.destroy();
    // Beside an answer under way there is no place for another one; one turn later the head's own refusal is out.
    else if (lanes.get(socket)?.waiting !== 0) setImmediate(endGently, socket);
    else refuseUnreadable(problemOfParser(error.code ?? '', pace), socket);
  });
  // Node checks its time limits only from this event on, which a server that is fed by hand never sees.
  server.emit('listening');

  return {
    serve(connection) {
      const { socket } = connection;
      const lane: Lane = { connection, queue: Promise.resolve(), waiting: 0, draining: false };
      lanes.set(socket, lane);
      server.emit('connection', socket);
      return {
        drain() {
          lane.draining = true;
          if (lane.waiting === 0) endGently(socket);
        },
      };
    },
    close() {
      server.close();
    },
  };
}

/** Says goodbye, reads what still comes so that no reset overtakes it, and is gone after HTTP_LIMITS.drainMs. */
export function endGently(socket: Duplex): void {
  if (socket.destroyed) return;
  socket.end();
  socket.resume();
  setTimeout(() => socket.destroy(), HTTP_LIMITS.drainMs).unref();
}

function refuseUnreadable(problem: PosternError, socket: Duplex): void {
  const document = problemDocumentOf(problem, newRequestId());
  const body = renderProblem(document);
  socket.write(
    `HTTP/1.1 ${document.status} ${document.title}\r\nserver: postern\r\ncontent-type: application/problem+json\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n${body}`,
  );
  endGently(socket);
}

function problemOfParser(code: string, pace: ClientPace): PosternError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new PosternError('request_timeout', {
      detail: `A request head must arrive within ${pace.headTimeoutMs} ms.`,
    });
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new PosternError('request_head_too_large', {
      detail: `A request head has at most ${HTTP_LIMITS.headBytesMax} bytes.`,
    });
  }
  return new PosternError('bad_request', { detail: 'The request is not well-formed HTTP/1.1.' });
}
