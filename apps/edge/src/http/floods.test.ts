import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, get, openHttp2, openTls } from './testing/raw-client.ts';
import { type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'flood.example.org';
let fixture: HttpFixture;
let echo: TestServer;
let silent: RecordingUpstream;
beforeAll(async () => {
  fixture = await startHttpFixture();
  echo = await startEcho();
  silent = await startRecordingUpstream(() => null);
  await fixture.putHost(HOST, echo.port);
  await fixture.putHost('silent.example.org', silent.port);
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
  await silent.close();
});

const serves = async (): Promise<boolean> => {
  const session = openHttp2(fixture.edge, HOST);
  const { status } = await ask(session, get(HOST));
  session.destroy();
  return status === 200;
};

const openAtEdge = async (): Promise<number> =>
  (await fixture.edge.worker.metrics.connections.get()).values[0]?.value ?? 0;

test('a PING flood ends the session, and others are served', async () => {
  const session = openHttp2(fixture.edge, HOST);
  await new Promise((resolve) => session.once('connect', resolve));
  let pongs = 0;
  const closed = new Promise<boolean>((resolve) => session.once('close', () => resolve(true)));
  const flood = async (): Promise<void> => {
    for (let sent = 0; sent < 50_000 && !session.destroyed; sent += 5) {
      await Promise.all(
        Array.from(
          { length: 5 },
          () =>
            new Promise<void>((resolve) => {
              const taken =
                !session.destroyed &&
                session.ping((error) => {
                  if (error === null) pongs += 1;
                  resolve();
                });
              if (!taken) resolve();
            }),
        ),
      );
      if (sent % 500 === 0) await delay(1);
    }
  };
  await flood().catch(() => undefined);
  expect(await Promise.race([closed, delay(20_000).then(() => false)])).toBe(true);
  expect(pongs).toBeLessThan(10_000);
  expect(await serves()).toBe(true);
});

test('a rapid reset ends the session long before a thousand streams have reached the upstream', async () => {
  const session = openHttp2(fixture.edge, 'silent.example.org');
  await new Promise((resolve) => session.once('connect', resolve));
  for (let round = 0; round < 100 && !session.destroyed && !session.closed; round += 1) {
    const streams = Array.from({ length: 20 }, () =>
      session.request(get('silent.example.org')).on('error', () => undefined),
    );
    // Reset in the same turn, they would never leave this process.
    await delay(2);
    for (const stream of streams) stream.close(8);
  }
  for (let waited = 0; waited < 20_000 && (await openAtEdge()) > 0; waited += 20) await delay(20);
  expect(await openAtEdge()).toBe(0);
  expect(silent.connections()).toBeLessThan(1_000);
  session.destroy();
  expect(await serves()).toBe(true);
});

test('more than 32 requests sent ahead of their answers end the connection', async () => {
  const socket = await openTls(fixture.edge, HOST);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.resume();
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`.repeat(200));
  await closed;
  expect(await serves()).toBe(true);
});
