import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { sendRaw } from './testing/raw-client.ts';
import { OK_ANSWER, type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'odd.example.org';
let fixture: HttpFixture;
let upstream: RecordingUpstream;
let answer: string;
beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream((head) => {
    // Its answer comes when the connection has found another use.
    if (head.includes('/smuggled')) return null;
    return head.includes('/odd') ? answer : OK_ANSWER;
  });
  await fixture.putHost(HOST, upstream.port);
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});
beforeEach(() => upstream.clear());

const request = (line: string, rest = '\r\n') => `${line} HTTP/1.1\r\nHost: ${HOST}\r\n${rest}`;

test.each([
  ['never ends', 'Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n'],
  ['never begins', 'Content-Length: 2\r\n\r\n'],
])('the content of a 205 that %s holds no connection', async (_which, rest) => {
  answer = `HTTP/1.1 205 Reset Content\r\n${rest}`;
  const { text, closed } = await sendRaw(fixture.edge, HOST, request('GET /odd'));
  expect(text).toMatch(/^HTTP\/1\.1 205 .*\r\n\r\n$/s);
  expect(closed).toBe(false);
  for (let waited = 0; waited < 20_000 && upstream.open() > 0; waited += 20) await delay(20);
  expect(upstream.open()).toBe(0);
});

test.each(['GET', 'DELETE'])(
  'a service that takes the body of a %s for a request answers nobody by it',
  async (method) => {
    answer = OK_ANSWER;
    // A service of its own version has no connections yet.
    await fixture.putHost(HOST, upstream.port, { upstream: { connectMs: 4_000 + method.length } });
    const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const before = upstream.connections();
    const { text } = await sendRaw(
      fixture.edge,
      HOST,
      request(`${method} /odd`, `Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`) +
        request('GET /next'),
    );
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(upstream.text()).toMatch(/\r\n\r\nGET \/smuggled .*GET \/next /s);
    // Not the connection on which an answer to it is to come.
    expect(upstream.connections() - before).toBe(2);
  },
);
