import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { sendRaw } from './testing/raw-client.ts';
import { type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'last.example.org';
let fixture: HttpFixture;
let upstream: RecordingUpstream;
beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream();
  await fixture.putHost(HOST, upstream.port);
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});
beforeEach(() => upstream.clear());

const SMUGGLED = `GET /smuggled HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;

/** What follows one head on its connection is not read as a request where it may be a part of that one. */
test.each([
  ['a body that was asked leave for, and needs none', 200, 'Content-Length: 90\r\nExpect: 100-continue'],
  ['a long body', 200, 'Content-Length: 65537'],
  ['a body of unknown length', 200, 'Transfer-Encoding: chunked'],
  ['an expectation that nobody meets', 417, 'Expect: x'],
  ['too many fields', 431, Array(101).fill('X-A: b').join('\r\n')],
])('an answer before %s is the last one on its connection', async (_what, status, lines) => {
  const { text, closed } = await sendRaw(
    fixture.edge,
    HOST,
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\n${lines}\r\n\r\n`,
  );
  expect(text.match(/^HTTP\/1\.1 (\d+)/)?.[1]).toBe(String(status));
  expect(text).toMatch(/^connection: close\r$/im);
  expect(closed).toBe(true);
});

test('an answer to a method that is none is the last one on its connection', async () => {
  const { text, closed } = await sendRaw(fixture.edge, HOST, `BREW / HTTP/1.1\r\nHost: x\r\n\r\n${SMUGGLED}`);
  expect(text).toMatch(/^HTTP\/1\.1 501 /);
  expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(closed).toBe(true);
  expect(upstream.text()).toBe('');
});
