import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { get, openHttp2, openTls } from './testing/raw-client.ts';

const HOST = 'drained.example.org';
let fixture: HttpFixture;
let service: TestServer;
/** Requests that have reached the service, which answers none. */
let asked = 0;
beforeAll(async () => {
  fixture = await startHttpFixture({ limits: { drainMs: 300 } });
  service = await listenOn(
    createServer(() => {
      asked += 1;
    }),
  );
  await fixture.putHost(HOST, service.port);
});
afterAll(() => service.close());

test('a request that is cut off at the end of the drain is in the log when the worker has closed', async () => {
  const socket = await openTls(fixture.edge, HOST);
  socket.write(`GET /http1 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  const session = openHttp2(fixture.edge, HOST);
  session.request(get(HOST, '/http2')).on('error', () => undefined);
  await expect.poll(() => asked, { timeout: 20_000 }).toBe(2);
  await fixture.edge.worker.close();
  expect(fixture.entries.map(({ path, status, aborted }) => ({ path, status, aborted }))).toEqual(
    expect.arrayContaining(['/http1', '/http2'].map((path) => ({ path, status: 0, aborted: true }))),
  );
  socket.destroy();
  session.destroy();
  await fixture.close();
});
