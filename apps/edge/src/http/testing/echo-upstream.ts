import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { Server } from 'node:net';

/** What a service saw of a request; names in lower case, in order, repeats kept. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly trailers: readonly (readonly [name: string, value: string])[];
  readonly bodyBytes: number;
}

export interface TestServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. Closing cuts what is open. */
export function listenOn(server: Server): Promise<TestServer> {
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  return new Promise((resolve) => {
    server.listen({ host: '127.0.0.1', port: 0 }, () => {
      const address = server.address();
      resolve({
        port: typeof address === 'object' && address !== null ? address.port : 0,
        close: () =>
          new Promise((done) => {
            server.close(() => done());
            for (const socket of sockets) socket.destroy();
          }),
      });
    });
  });
}

/** An HTTP/1.1 service that answers each request with what it saw of it. */
export function startEcho(): Promise<TestServer> {
  return listenOn(
    createServer((request: IncomingMessage, response: ServerResponse) => {
      let bodyBytes = 0;
      request.on('data', (chunk: Buffer) => {
        bodyBytes += chunk.length;
      });
      request.on('end', () => {
        const seen: Seen = {
          method: request.method ?? '',
          path: request.url ?? '',
          headers: pairsOf(request.rawHeaders),
          trailers: pairsOf(request.rawTrailers),
          bodyBytes,
        };
        response.end(JSON.stringify(seen));
      });
    }),
  );
}

/** The same over HTTP/2 with prior knowledge. */
export function startHttp2Echo(): Promise<TestServer> {
  const server = createHttp2Server();
  server.on('stream', (stream: ServerHttp2Stream, headers, _flags, raw: unknown) => {
    let bodyBytes = 0;
    let trailers: Seen['trailers'] = [];
    stream.on('error', () => undefined);
    stream.on('trailers', (_headers, _trailerFlags, rawTrailers: unknown) => {
      trailers = pairsOf(Array.isArray(rawTrailers) ? rawTrailers.map(String) : []);
    });
    stream.on('data', (chunk: Buffer) => {
      bodyBytes += chunk.length;
    });
    stream.on('end', () => {
      // Node says 'end' of a stream that was reset, too.
      if (stream.destroyed || stream.aborted) return;
      const seen: Seen = {
        method: headers[':method'] ?? '',
        path: headers[':path'] ?? '',
        headers: pairsOf(Array.isArray(raw) ? raw.map(String) : []),
        trailers,
        bodyBytes,
      };
      stream.respond({ ':status': 200 });
      stream.end(JSON.stringify(seen));
    });
  });
  return listenOn(server);
}

function pairsOf(raw: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    pairs.push([(raw[index] ?? '').toLowerCase(), raw[index + 1] ?? '']);
  }
  return pairs;
}
