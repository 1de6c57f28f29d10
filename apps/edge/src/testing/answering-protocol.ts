import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { performServerHandshake } from 'node:http2';
import type { Connection } from '../connection.ts';
import type { EdgeProtocol } from '../worker.ts';

/** What a test reads back of the connection its request came on. */
export interface Answer {
  readonly sni: string;
  readonly protocol: string;
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly tlsVersion: string;
  readonly fingerprint: string | null;
  readonly path: string;
}

/** A protocol that answers every request with what is known of its connection; the stand-in for HTTP in tests of TLS. */
export function answeringProtocol(): EdgeProtocol {
  const connections = new WeakMap<object, Connection>();
  // Tests of what ends a connection must not meet Node's own time limit for idle ones.
  const server = createServer(
    { keepAliveTimeout: 60_000 },
    (request: IncomingMessage, response: ServerResponse) => {
      const connection = connections.get(request.socket);
      response.end(connection === undefined ? 'plain' : answerOf(connection, request.url ?? ''));
    },
  );
  return {
    serve(connection) {
      const { socket, protocol } = connection;
      if (protocol === 'http/1.1') {
        connections.set(socket, connection);
        server.emit('connection', socket);
        return { drain: () => socket.end() };
      }
      const session = performServerHandshake(socket);
      session.on('error', () => {});
      session.on('stream', (stream, headers) => {
        stream.on('error', () => {});
        stream.respond({ ':status': 200 });
        stream.end(answerOf(connection, headers[':path'] ?? ''));
      });
      return { drain: () => session.close() };
    },
    servePlain(socket) {
      server.emit('connection', socket);
    },
    close() {
      server.close();
    },
    flush() {},
  };
}

function answerOf(connection: Connection, path: string): string {
  const { sni, protocol, clientAddress, clientPort, tlsVersion, client } = connection;
  const fingerprint = client?.fingerprint ?? null;
  return JSON.stringify({
    sni,
    protocol,
    clientAddress,
    clientPort,
    tlsVersion,
    fingerprint,
    path,
  } satisfies Answer);
}
