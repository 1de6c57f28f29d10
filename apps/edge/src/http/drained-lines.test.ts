import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { openWebsocket } from './testing/open-websocket.ts';
import { get, openHttp2, openTls } from './testing/raw-client.ts';

const HOST = 'drained.example.org';
/** Milliseconds. */
const LAST_LINES_MS = 200;
let fixture: HttpFixture;
let service: TestServer;
/** Requests that have reached the service, which answers none. */
let asked = 0;
/** Bytes that it took of WebSockets. */
let taken = 0;
beforeAll(async () => {
  fixture = await startHttpFixture({ limits: { drainMs: 300, lastLinesMs: LAST_LINES_MS } });
  service = await listenOn(
    createServer(() => {
      asked += 1;
    }).on('upgrade', ({ url }, socket) => {
      socket.on('error', () => undefined);
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
      );
      if (url !== '/deaf') {
        socket.on('data', (data) => {
          taken += data.length;
        });
      }
    }),
  );
  await fixture.putHost(HOST, service.port, { websockets: true });
});
afterAll(() => service.close());

test('what is cut off at the end of the drain, request or WebSocket, is in the log when the worker has closed', async () => {
  const socket = await openTls(fixture.edge, HOST);
  socket.write(`GET /http1 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  const session = openHttp2(fixture.edge, HOST);
  session.request(get(HOST, '/http2')).on('error', () => undefined);
  await expect.poll(() => asked, { timeout: 20_000 }).toBe(2);
  // One whose service never hangs up, one whose service takes nothing besides.
  const patient = await openWebsocket(fixture.edge, HOST, '/patient');
  const deaf = await openWebsocket(fixture.edge, HOST, '/deaf');
  expect([patient.status, deaf.status]).toEqual(['101', '101']);
  patient.socket.write('four');
  await expect.poll(() => taken, { timeout: 20_000 }).toBe(4);
  deaf.socket.write(Buffer.alloc(16 * 1024 * 1024));
  const startedAt = performance.now();
  await fixture.edge.worker.close();
  expect(performance.now() - startedAt).toBeLessThan(60 * (300 + LAST_LINES_MS));
  expect(fixture.entries.map(({ path, status, aborted }) => ({ path, status, aborted }))).toEqual(
    expect.arrayContaining(['/http1', '/http2'].map((path) => ({ path, status: 0, aborted: true }))),
  );
  const upgraded = fixture.entries.filter(({ status }) => status === 101);
  expect(upgraded.map(({ path }) => path).sort()).toEqual(['/deaf', '/patient']);
  expect(upgraded.find(({ path }) => path === '/patient')).toMatchObject({ bytesIn: 4, bytesOut: 5 });
  for (const { socket } of [patient, deaf]) socket.destroy();
  socket.destroy();
  session.destroy();
  await fixture.close();
});
