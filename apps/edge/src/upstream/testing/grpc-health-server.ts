import { createServer } from 'node:http2';
import type { Server } from 'node:net';
import { listenOn, type TestServer } from '../../http/testing/echo-upstream.ts';

/** An h2c gRPC health server; `serving` maps service names ('' is the server) to HealthCheckResponse.ServingStatus. */
export interface GrpcHealthServer extends TestServer {
  readonly serving: Map<string, number>;
}

/** Starts one; services that are not in the map are answered NOT_FOUND in a trailers-only response, as servers do. */
export async function startGrpcHealthServer(): Promise<GrpcHealthServer> {
  const serving = new Map([['', 1]]);
  const server = createServer();
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {});
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      const message = Buffer.concat(chunks).subarray(5);
      const status = serving.get(message.subarray(2).toString());
      const head = { ':status': 200, 'content-type': 'application/grpc' };
      if (headers[':path'] !== '/grpc.health.v1.Health/Check' || headers.te !== 'trailers') {
        stream.respond({ ...head, 'grpc-status': '12' }, { endStream: true });
      } else if (status === undefined) {
        stream.respond({ ...head, 'grpc-status': '5' }, { endStream: true });
      } else {
        stream.respond(head, { waitForTrailers: true });
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
        // UNKNOWN is 0, and so is not written at all.
        const body = status === 0 ? [] : [0x08, status];
        stream.end(Buffer.from([0, 0, 0, 0, body.length, ...body]));
      }
    });
  });
  return { ...(await listenOn(server as unknown as Server)), serving };
}
