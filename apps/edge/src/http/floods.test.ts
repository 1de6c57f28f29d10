import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, get, openHttp2, openTls } from './testing/raw-client.ts';
import { frameOf } from './testing/raw-http2.ts';
import { type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'flood.example.org';
/** POST, https, `/` and the authority, in HPACK without a table (RFC 7541 appendix A: 3, 7, 4, 1). */
const REQUEST = Buffer.concat([Buffer.from([0x83, 0x87, 0x84, 0x01, HOST.length]), Buffer.from(HOST)]);
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

/** HTTP/2 frames written as they are on a connection of their own; resolves when the edge ends it. */
async function flood(
  opening: Buffer,
  frames: Buffer,
  { edge }: Pick<HttpFixture, 'edge'> = fixture,
): Promise<boolean> {
  const socket = await openTls(edge, HOST, { protocol: 'h2' });
  const closed = new Promise<boolean>((resolve) => socket.once('close', () => resolve(true)));
  socket.resume();
  socket.write(Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'));
  socket.write(Buffer.concat([frameOf(4, 0, 0), opening]));
  for (let round = 0; round < 2_000 && socket.writable; round += 1) {
    if (!socket.write(frames))
      await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed]);
    // Node answers what has come before it reads on.
    await delay(1);
  }
  const isClosed = await Promise.race([closed, delay(20_000).then(() => false)]);
  socket.destroy();
  return isClosed;
}

const none = Buffer.alloc(0);

/** SETTINGS_INITIAL_WINDOW_SIZE, to be applied and acknowledged each time. */
const SETTINGS = frameOf(4, 0, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff]));

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
  // What was being connected arrives after its stream has gone.
  for (let before = -1; before !== silent.connections(); await delay(200)) before = silent.connections();
  expect(silent.connections()).toBeLessThan(1_000);
  session.destroy();
  expect(await serves()).toBe(true);
});

test('requests sent ahead of their answers are read no faster than they are served', async () => {
  const socket = await openTls(fixture.edge, 'silent.example.org');
  const requests = `GET / HTTP/1.1\r\nHost: silent.example.org\r\n\r\n`.repeat(1_000);
  const before = silent.connections();
  // Until neither the edge nor the buffers on the way take more.
  let taken = 0;
  const write = () => new Promise((resolve) => socket.write(requests, () => resolve('taken')));
  while (taken < 1_000 && (await Promise.race([write(), delay(1_000)])) === 'taken') taken += 1;
  expect(taken).toBeLessThan(1_000);
  await vi.waitFor(() => expect(silent.connections()).toBe(before + 1), { timeout: 20_000 });
  socket.destroy();
  expect(await serves()).toBe(true);
});

test('a client that floods again with each new connection is turned away for a while', async () => {
  const shut = await startHttpFixture({ limits: { floodsMax: 2, floodMemoryMs: 6_000 } });
  await shut.putHost(HOST, echo.port);
  const refused = async (): Promise<number> =>
    (await shut.edge.worker.metrics.handshakes.get()).values.find(
      ({ labels }) => labels.reason === 'too_many_of_client',
    )?.value ?? 0;
  expect(await flood(none, Buffer.concat(Array.from({ length: 100 }, () => SETTINGS)), shut)).toBe(true);
  const resets = Array.from({ length: 400 }, (_, nth) => [
    frameOf(1, 5, nth * 2 + 1, REQUEST),
    frameOf(3, 0, nth * 2 + 1, Buffer.from([0, 0, 0, 8])),
  ]);
  expect(await flood(Buffer.concat(resets.flat()), none, shut)).toBe(true);
  await expect(openTls(shut.edge, HOST)).rejects.toThrow();
  expect(await refused()).toBe(1);
  await vi.waitFor(async () => (await openTls(shut.edge, HOST)).destroy(), {
    timeout: 20_000,
    interval: 100,
  });
  await shut.close();
});
