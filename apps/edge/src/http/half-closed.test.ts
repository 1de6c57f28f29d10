import { Duplex } from 'node:stream';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../connection.ts';
import type { ServeExchange } from './exchange.ts';
import { createHttp1Server } from './h1-server.ts';
import { HTTP_LIMITS } from './http-limits.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { openTls } from './testing/raw-client.ts';
import { type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'half.example.org';
let fixture: HttpFixture;
let upstream: RecordingUpstream;
beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream(() => null);
  await fixture.putHost(HOST, upstream.port);
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});

test('a client that ends its side while it waits is gone: no answer, an aborted entry, and an end for the service', async () => {
  const socket = await openTls(fixture.edge, HOST);
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  for (let waited = 0; waited < 20_000 && upstream.open() === 0; waited += 10) await delay(10);
  socket.end();
  await closed;
  expect(text).toBe('');
  for (let waited = 0; waited < 20_000 && upstream.open() > 0; waited += 10) await delay(10);
  expect(upstream.open()).toBe(0);
  expect(fixture.entries).toMatchObject([{ status: 0, aborted: true }]);
});

test('it is noticed as well where the end of its body did not find room at once', async () => {
  let isAborted = false;
  const serve: ServeExchange = (exchange) => {
    exchange.onAborted(() => {
      isAborted = true;
    });
    exchange.body.start({ data: () => exchange.body.pause(), end() {}, broken() {} });
  };
  const server = createHttp1Server(() => serve, HTTP_LIMITS);
  const socket = new Duplex({ read: () => undefined, write: (_chunk, _encoding, callback) => callback() });
  server.serve({ socket } as unknown as Connection);
  socket.push('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n');
  await turn();
  socket.push('hello');
  for (let turns = 0; turns < 20; turns += 1) await turn();
  socket.push(null);
  for (let turns = 0; turns < 20; turns += 1) await turn();
  expect(isAborted).toBe(true);
  server.close();
});
