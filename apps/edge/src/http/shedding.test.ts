import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { dial, readToEnd } from '../testing/client-hellos.ts';
import { type EdgeFixture, startEdgeFixture } from '../testing/edge-fixture.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, get, openHttp2, sendRaw } from './testing/raw-client.ts';
import { OK_ANSWER, type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'busy.example.org';
const WAIT = { timeout: 20_000, interval: 20 };
let fixture: HttpFixture;
let upstream: RecordingUpstream;
let answers: (() => void)[];

beforeAll(async () => {
  answers = [];
  upstream = await startRecordingUpstream((_, socket) => {
    answers.push(() => void socket.write(OK_ANSWER));
    return null;
  });
  fixture = await startHttpFixture({ limits: { requestsMax: 2, retryAfterSeconds: 7 } });
  await fixture.putHost(HOST, upstream.port);
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});

async function shedBy(edge: EdgeFixture, reason: string): Promise<number> {
  const { values } = await edge.worker.metrics.shed.get();
  return values.find(({ labels }) => labels.reason === reason)?.value ?? 0;
}

test('requests over the bound are answered with 503 and Retry-After, on connections that stay; then there is room again', async () => {
  const session = openHttp2(fixture.edge, HOST);
  const first = ask(session, get(HOST));
  const second = ask(session, get(HOST));
  await vi.waitFor(() => expect(answers).toHaveLength(2), WAIT);
  const { status, headers, body } = await ask(session, get(HOST));
  expect([status, headers['retry-after']]).toEqual([503, '7']);
  expect(JSON.parse(body)).toMatchObject({ code: 'unavailable', status: 503 });
  const { text, closed } = await sendRaw(fixture.edge, HOST, `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  expect(text).toMatch(/^HTTP\/1\.1 503 .*\r\nretry-after: 7\r\n/is);
  expect(closed).toBe(false);
  expect(await shedBy(fixture.edge, 'requests')).toBe(2);
  for (const answer of answers.splice(0)) answer();
  expect([(await first).status, (await second).status]).toEqual([200, 200]);
  const third = ask(session, get(HOST));
  await vi.waitFor(() => expect(answers).toHaveLength(1), WAIT);
  answers[0]?.();
  expect((await third).status).toBe(200);
  expect(fixture.entries.filter(({ status: logged }) => logged === 503)).toMatchObject([
    { code: 'unavailable', host: HOST },
    { code: 'unavailable', host: HOST },
  ]);
  session.destroy();
});

test('short of memory the edge answers 503; where next to none is left it takes no connection', async () => {
  answers.splice(0);
  const always = setInterval(() => {
    for (const answer of answers.splice(0)) answer();
  }, 10);
  let status = 0;
  // What the process uses may change by more than lies between the two bounds: then with another edge.
  for (let tries = 0; tries < 5 && status !== 503; tries += 1) {
    const short = await startHttpFixture({ limits: { memoryBytes: process.memoryUsage.rss() / 0.9 } });
    await short.putHost(HOST, upstream.port);
    const session = openHttp2(short.edge, HOST);
    for (let asked = 0; asked < 20 && status !== 503 && !session.destroyed; asked += 1) {
      ({ status } = await ask(session, get(HOST)));
      if (status === 503) expect(await shedBy(short.edge, 'memory')).toBeGreaterThan(0);
      else await delay(100);
    }
    session.destroy();
    await short.close();
  }
  clearInterval(always);
  expect(status).toBe(503);
  const full = await startEdgeFixture({ limits: { memoryBytes: process.memoryUsage.rss() / 2 } });
  await vi.waitFor(async () => {
    const socket = await dial(full.port);
    setTimeout(() => socket.destroy(), 100);
    await readToEnd(socket);
    const { values } = await full.worker.metrics.handshakes.get();
    expect(values.map(({ labels }) => labels)).toContainEqual({ result: 'refused', reason: 'memory' });
  }, WAIT);
  await full.close();
});
