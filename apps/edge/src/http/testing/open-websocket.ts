import type { TLSSocket } from 'node:tls';
import type { EdgeFixture } from '../../testing/edge-fixture.ts';
import type { CertificateFiles } from '../../testing/openssl-certificates.ts';
import { openTls } from './raw-client.ts';

/** An answered WebSocket handshake; what comes after it is read and dropped. */
export interface OpenedWebsocket {
  /** Of the answer; 101 where it is open. */
  readonly status: string | undefined;
  readonly socket: TLSSocket;
  readonly closed: Promise<void>;
}

/** Asks for a WebSocket at a path of a host of the fixture's worker. */
export async function openWebsocket(
  edge: EdgeFixture,
  host: string,
  path: string,
  certificate?: CertificateFiles,
): Promise<OpenedWebsocket> {
  const socket = await openTls(edge, host, certificate === undefined ? {} : { certificate });
  const answer = new Promise<string>((resolve) =>
    socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))),
  );
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
  );
  const status = /^HTTP\/1\.1 (\d{3})/.exec(await answer)?.[1];
  socket.resume();
  return { status, socket, closed };
}
