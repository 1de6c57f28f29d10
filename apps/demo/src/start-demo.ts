import { createServer as createHttp1, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import { createServer, type Socket } from 'node:net';
import { describeRequest } from './describe-request.ts';
import { echoWebsocket } from './websocket-echo.ts';

/** Milliseconds between two events of `/events`. */
const EVENT_EVERY_MS = 1_000;
const HTTP2_PREFACE = 'PRI ';

export interface Demo {
  /** Like `http://127.0.0.1:3000`. */
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts the echo service: JSON of each request, server-sent events on `/events`, WebSocket echo on any path, HTTP/1.1 and
 * HTTP/2 with prior knowledge on one port. Rejects with the error of `listen`.
 */
export function startDemo(options: { listen: { host: string; port: number } }): Promise<Demo> {
  const http1 = createHttp1(answerHttp1);
  http1.on('upgrade', echoWebsocket);
  const http2 = createHttp2();
  http2.on('stream', answerHttp2);
  http2.on('sessionError', () => undefined);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    // The first bytes tell the protocols apart: only HTTP/2 begins with its preface (RFC 9113 section 3.4).
    socket.once('data', (first) => {
      socket.pause();
      socket.unshift(first);
      const isHttp2 = first.toString('latin1', 0, HTTP2_PREFACE.length) === HTTP2_PREFACE;
      (isHttp2 ? http2 : http1).emit('connection', socket);
      // An HTTP/2 session reads the socket by itself; resumed here, its first bytes would be lost.
      if (!isHttp2) socket.resume();
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.listen, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : options.listen.port;
      const { host } = options.listen;
      resolve({
        url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}

function answerHttp1(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? '/';
  if (path === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    sendEvents(
      (text) => response.write(text),
      (stop) => response.once('close', stop),
    );
    return;
  }
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      `${JSON.stringify(describeRequest(request.method ?? '', path, request.rawHeaders, bytes))}\n`,
    );
  });
}

function answerHttp2(
  stream: ServerHttp2Stream,
  _headers: unknown,
  _flags: number,
  rawHeaders: unknown,
): void {
  const raw = Array.isArray(rawHeaders) ? rawHeaders.map(String) : [];
  const path = raw[raw.indexOf(':path') + 1] ?? '/';
  stream.on('error', () => undefined);
  if (path === '/events') {
    stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
    sendEvents(
      (text) => stream.write(text),
      (stop) => stream.once('close', stop),
    );
    return;
  }
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  stream.on('end', () => {
    // Node says 'end' of a stream that was reset, too.
    if (stream.destroyed || stream.aborted) return;
    const method = raw[raw.indexOf(':method') + 1] ?? '';
    stream.respond({ ':status': 200, 'content-type': 'application/json' });
    stream.end(`${JSON.stringify(describeRequest(method, path, raw, bytes))}\n`);
  });
}

function sendEvents(write: (text: string) => void, onClosed: (stop: () => void) => void): void {
  let count = 0;
  const send = (): void => {
    count += 1;
    write(`id: ${count}\ndata: event ${count}\n\n`);
  };
  send();
  const timer = setInterval(send, EVENT_EVERY_MS);
  onClosed(() => {
    clearInterval(timer);
  });
}
