import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import type { Connection } from '../connection.ts';
import { OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import type { ServeExchange } from './exchange.ts';
import { createHttp1Server } from './h1-server.ts';
import { HTTP_LIMITS } from './http-limits.ts';
import { listenOn } from './testing/echo-upstream.ts';
import { startHttpFixture } from './testing/http-fixture.ts';
import { get, openTls } from './testing/raw-client.ts';
import { END_HEADERS, END_STREAM, FRAME, headerBlock, openRawHttp2 } from './testing/raw-http2.ts';

const MIB = 1024 * 1024;

test('an answer of one write is not cut while its client takes parts of it (HTTP/1.1)', async () => {
  const bytes = 32 * MIB;
  const directory = mkdtempSync(join(tmpdir(), 'postern-slow-'));
  const { cert, key } = new OpensslCertificates(directory).selfSigned('localhost');
  const listening = createTlsServer({ cert: pemOf(cert), key: pemOf(key) }).listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const answer: ServeExchange = (exchange, onDone) => {
    const length = [['Content-Length', String(bytes)]] as const;
    exchange.respond(200, length, { hasBody: true, close: true }).write(Buffer.alloc(bytes));
    exchange.end([]);
    onDone();
  };
  const server = createHttp1Server(() => answer, { ...HTTP_LIMITS, idleMs: 3_000 });
  listening.on('secureConnection', (socket: TLSSocket) => server.serve({ socket } as unknown as Connection));
  const client = connect({ port: (listening.address() as AddressInfo).port, rejectUnauthorized: false });
  client.write('GET / HTTP/1.1\r\nHost: slow.example.org\r\n\r\n');
  // More each time than the step by which the system makes room, and several times in the idle time.
  let got = 0;
  let left = 1.5 * MIB;
  client.on('data', (piece: Buffer) => {
    got += piece.length;
    left -= piece.length;
    if (left > 0) return;
    left = 1.5 * MIB;
    client.pause();
    setTimeout(() => client.resume(), 300);
  });
  client.on('error', () => undefined);
  await once(client, 'close');
  expect(got).toBeGreaterThan(bytes);
  server.close();
  listening.close();
  rmSync(directory, { recursive: true });
}, 240_000);

test('an answer comes whole to a client that has sent a large body and reads late (HTTP/1.1)', async () => {
  const bytes = 32 * MIB;
  const fixture = await startHttpFixture();
  const service = await listenOn(
    createServer((request, response) => {
      request.resume().once('end', () => response.end(Buffer.alloc(bytes)));
    }),
  );
  const host = 'slow.example.org';
  await fixture.putHost(host, service.port);
  const client = await openTls(fixture.edge, host);
  client.write(`POST / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nContent-Length: ${MIB}\r\n\r\n`);
  client.write(Buffer.alloc(MIB));
  // More than the system takes waits at the edge meanwhile.
  await delay(500);
  let got = 0;
  client.on('data', (piece: Buffer) => {
    got += piece.length;
  });
  await once(client, 'close');
  expect(got).toBeGreaterThan(bytes);
  await fixture.close();
  await service.close();
}, 60_000);

/** An HTTP/2 client of a service whose answer of so many bytes may pause for `idleBodyMs`, and ends after `endMs`; its window is 4 KiB. */
async function askHttp2(bytes: number, idleBodyMs: number, endMs = 0) {
  const fixture = await startHttpFixture();
  const service = await listenOn(
    createServer((_request, response) => {
      response.write(Buffer.alloc(bytes));
      if (endMs === 0) response.end();
      else setTimeout(() => response.end(), endMs);
    }),
  );
  const host = 'slow.example.org';
  await fixture.putHost(host, service.port, { upstream: { idleBodyMs } });
  const client = await openRawHttp2(fixture.edge, host, Buffer.from('000400001000', 'hex'));
  const head = get(host).flatMap((name, index, all) =>
    index % 2 === 0 ? [[name, all[index + 1] ?? ''] as const] : [],
  );
  client.send(FRAME.headers, END_STREAM | END_HEADERS, 1, headerBlock(head));
  return {
    fixture,
    client,
    async close() {
      client.socket.destroy();
      await fixture.close();
      await service.close();
    },
  };
}

test('an answer is not broken off while its client takes less than a read of it in the idle time (HTTP/2)', async () => {
  const bytes = 150_000;
  const { client, close } = await askHttp2(bytes, 3_000);
  const isOver = (): boolean =>
    client.closed() ||
    client.frames.some(
      ({ type, flags }) => type === FRAME.reset || (type === FRAME.data && flags === END_STREAM),
    );
  while (!isOver()) {
    await delay(100);
    for (const stream of [0, 1]) client.send(FRAME.windowUpdate, 0, stream, Buffer.from('00001000', 'hex'));
  }
  expect(client.bodyOf(1).length).toBe(bytes);
  await close();
}, 240_000);

test('an answer is broken off when its client has taken parts of it, and then nothing more for the idle time', async () => {
  const { client, fixture, close } = await askHttp2(150_000, 3_000);
  for (let grant = 0; grant < 3; grant += 1) {
    await delay(100);
    client.send(FRAME.windowUpdate, 0, 1, Buffer.from('00001000', 'hex'));
  }
  expect(await client.receive(({ type }) => type === FRAME.reset, 20_000)).toBeDefined();
  expect(client.bodyOf(1).length).toBe(4 * 4_096);
  expect(fixture.entries).toMatchObject([{ status: 200, aborted: true, code: 'request_timeout' }]);
  await close();
}, 240_000);

test('a service has all of its idle time once its client has made room', async () => {
  // What fills the edge, and no more, so that nothing comes of the service when there is room.
  const bytes = 80_000;
  const { client, close } = await askHttp2(bytes, 3_000, 4_500);
  await delay(2_000);
  for (const stream of [0, 1]) client.send(FRAME.windowUpdate, 0, stream, Buffer.from('00100000', 'hex'));
  const end = await client.receive(
    ({ type, flags }) => type === FRAME.reset || (type === FRAME.data && flags === END_STREAM),
    20_000,
  );
  expect([end?.type, client.bodyOf(1).length]).toEqual([FRAME.data, bytes]);
  await close();
}, 240_000);
