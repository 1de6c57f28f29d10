import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, get, openHttp2, openTls, sendRaw } from './testing/raw-client.ts';
import { type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'shop.example.org';
let fixture: HttpFixture;
let upstream: RecordingUpstream;
let slow: RecordingUpstream;
beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream();
  slow = await startRecordingUpstream(() => null);
  await fixture.putHost(HOST, upstream.port, { websockets: true });
  await fixture.putHost('other.example.org', upstream.port);
  await fixture.putHost('*.wild.example.org', upstream.port);
  await fixture.putHost('exact.wild.example.org', upstream.port);
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
  await slow.close();
});
beforeEach(() => upstream.clear());

const statusOf = (text: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0);
const requestsSeen = () => [...upstream.text().matchAll(/^[A-Z]+ \S+ HTTP\/1\.1\r$/gm)].length;
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';

describe('an ambiguous head is refused, the connection closed, and nothing reaches the upstream', () => {
  test.each([
    [
      'CL and TE',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
      400,
    ],
    [
      'TE identity, chunked',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'TE gzip, chunked',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'two TE',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    ['TE xchunked', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`, 400],
    [
      'TE on HTTP/1.0',
      `POST / HTTP/1.0\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
    [
      'two CL',
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde`,
      400,
    ],
    ['CL list', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 4, 4\r\n\r\nabcd`, 400],
    ['CL +4', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: +4\r\n\r\nabcd`, 400],
    ['CL 0x4', `POST / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 0x4\r\n\r\nabcd`, 400],
    ['obs-fold', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-A: 1\r\n folded\r\n\r\n`, 400],
    ['bare LF', `GET / HTTP/1.1\nHost: ${HOST}\n\n`, 400],
    ['bare CR', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-A: 1\rX-B: 2\r\n\r\n`, 400],
    ['space before colon', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length : 0\r\n\r\n`, 400],
    ['NUL', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-A: a\0b\r\n\r\n`, 400],
    ['two Hosts', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nHost: ${HOST}\r\n\r\n`, 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['Host with space', `GET / HTTP/1.1\r\nHost: ${HOST} x\r\n\r\n`, 400],
    ['Host list', `GET / HTTP/1.1\r\nHost: ${HOST},x\r\n\r\n`, 400],
    ['Host with user', `GET / HTTP/1.1\r\nHost: x@${HOST}\r\n\r\n`, 400],
    ['Host with path', `GET / HTTP/1.1\r\nHost: ${HOST}/x\r\n\r\n`, 400],
    [
      'absolute target of another host',
      `GET https://other.example.org/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
      400,
    ],
    ['absolute target over http', `GET http://${HOST}/ HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
    ['another host', 'GET / HTTP/1.1\r\nHost: other.example.org\r\n\r\n', 421],
    [
      'another host, absolute',
      'GET https://other.example.org/ HTTP/1.1\r\nHost: other.example.org\r\n\r\n',
      421,
    ],
    ['HTTP/0.9', 'GET /\r\n\r\n', 400],
    ['CONNECT', `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 501],
    ['TRACE', `TRACE / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 501],
    ['Expect', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nExpect: something\r\n\r\n`, 417],
    [
      'Upgrade: h2c',
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n`,
      400,
    ],
    [
      '101 fields',
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\n${Array.from({ length: 100 }, (_, i) => `X-${i}: 1\r\n`).join('')}\r\n`,
      431,
    ],
    ['33 KiB head', `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-A: ${'a'.repeat(33 * 1024)}\r\n\r\n`, 431],
    ['dot segments', `GET /x/../y HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`, 400],
    [
      'WebSocket with two keys',
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
      400,
    ],
    [
      'WebSocket with a body',
      `GET / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 5\r\n\r\nhello`,
      400,
    ],
  ])('%s', async (_name, bytes, status) => {
    const { text } = await sendRaw(fixture.edge, HOST, bytes);
    expect(statusOf(text)).toBe(status);
    expect(text).toContain('application/problem+json');
    expect(upstream.text()).toBe('');
  });
});

test('bad chunks end the exchange without a second request at the upstream', async () => {
  for (const chunks of [
    'zz\r\nhi\r\n0\r\n\r\n',
    '2\nhi\n0\n\n',
    '-2\r\nhi\r\n0\r\n\r\n',
    '2\r\nhiXX0\r\n\r\n',
    'fffffffffffffffff\r\nhi',
  ]) {
    upstream.clear();
    await sendRaw(
      fixture.edge,
      HOST,
      `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}${SMUGGLED}`,
    );
    expect(upstream.text()).not.toContain('smuggled');
    expect(requestsSeen()).toBeLessThanOrEqual(1);
  }
});

test('chunk extensions are read as part of the framing and not passed on', async () => {
  await sendRaw(
    fixture.edge,
    HOST,
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nhi\r\n0\r\n\r\n`,
  );
  expect(upstream.text()).toMatch(/\r\n\r\n2\r\nhi\r\n0\r\n\r\n$/);
});

test('hop-by-hop fields, fixed and nominated, stay behind, and the framing is written anew', async () => {
  await sendRaw(
    fixture.edge,
    HOST,
    `POST /p HTTP/1.1\r\nHost: ${HOST}\r\nConnection: keep-alive, X-Secret, content-length\r\nKeep-Alive: timeout=5\r\nProxy-Connection: x\r\n` +
      'TE: gzip\r\nTrailer: X\r\nProxy-Authorization: Basic eDp5\r\nX-Secret: 1\r\nX-Kept: 1\r\nContent-Length: 2\r\n\r\nhi',
  );
  const text = upstream.text().toLowerCase();
  for (const name of ['keep-alive:', 'proxy-', 'te:', 'trailer:', 'x-secret'])
    expect(text).not.toContain(`\r\n${name}`);
  expect(text).toContain('\r\nx-kept: 1\r\n');
  expect(text).toContain('\r\ncontent-length: 2\r\n');
  expect(requestsSeen()).toBe(1);
});

test('pipelined requests are answered in order, one after another', async () => {
  const one = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
  const last = `GET /3 HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
  const { text } = await sendRaw(fixture.edge, HOST, one('/1') + one('/2') + last, { waitMs: 20_000 });
  expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(3);
  expect([...upstream.text().matchAll(/^GET (\S+)/gm)].map(([, path]) => path)).toEqual(['/1', '/2', '/3']);
});

test('a pipelined request waits until the one before it is answered', async () => {
  await fixture.putHost('slow.example.org', slow.port);
  const one = (path: string) => `GET ${path} HTTP/1.1\r\nHost: slow.example.org\r\n\r\n`;
  const socket = await openTls(fixture.edge, 'slow.example.org');
  socket.write(one('/never') + one('/second'));
  for (let waited = 0; waited < 20_000 && !slow.text().includes('/never'); waited += 20) await delay(20);
  await delay(300);
  socket.destroy();
  expect(slow.text()).toContain('/never');
  expect(slow.text()).not.toContain('/second');
});

test('an absolute target of the same host is served in origin form', async () => {
  const { text } = await sendRaw(
    fixture.edge,
    HOST,
    `GET https://SHOP.example.org:443/a?b HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
  );
  expect(statusOf(text)).toBe(200);
  expect(upstream.text()).toMatch(/^GET \/a\?b HTTP\/1\.1\r\n/);
});

test('HTTP/1.0 is served with a Host and without keep-alive', async () => {
  const { text, closed } = await sendRaw(
    fixture.edge,
    HOST,
    `GET / HTTP/1.0\r\nHost: ${HOST}\r\nConnection: keep-alive\r\n\r\n`,
  );
  expect(statusOf(text)).toBe(200);
  expect(text.toLowerCase()).toContain('connection: close');
  expect(closed).toBe(true);
});

test('OPTIONS * is answered by the edge', async () => {
  const { text } = await sendRaw(fixture.edge, HOST, `OPTIONS * HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  expect(statusOf(text)).toBe(204);
  expect(upstream.text()).toBe('');
});

test('an unread large body ends the connection after the answer, so that it is never taken for a request', async () => {
  const body = SMUGGLED.repeat(4000);
  const { text, closed } = await sendRaw(
    fixture.edge,
    HOST,
    `POST /a/../b HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    { waitMs: 3000 },
  );
  expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
  expect(statusOf(text)).toBe(400);
  expect(closed).toBe(true);
  expect(upstream.text()).toBe('');
});

test('an unread small body is read away and the connection serves on', async () => {
  const { text } = await sendRaw(
    fixture.edge,
    HOST,
    `POST /a/../b HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}GET /next HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
  );
  expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['400', '200']);
  expect(upstream.text()).not.toContain('smuggled');
});

describe('over HTTP/2', () => {
  test.each([
    ['another host', get('other.example.org'), 421],
    ['host differs from :authority', [...get(HOST), 'host', 'other.example.org'], 400],
    ['user in the authority', get(`x@${HOST}`), 400],
    ['scheme http', [':method', 'GET', ':scheme', 'http', ':authority', HOST, ':path', '/'], 400],
    ['dot segments', get(HOST, '/x/..%2fadmin'), 400],
    ['fragment', get(HOST, '/x#y'), 400],
    ['TRACE', [':method', 'TRACE', ':scheme', 'https', ':authority', HOST, ':path', '/'], 501],
    ['upper case and port', get('SHOP.Example.org.:8443'), 200],
    ['101 fields', [...get(HOST), ...Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1']).flat()], 431],
    ['33 KiB head', [...get(HOST), 'x-a', 'a'.repeat(33 * 1024)], 431],
  ])('%s', async (_name, fields, status) => {
    const session = openHttp2(fixture.edge, HOST);
    // Some of these Node refuses by itself with a stream error: status 0.
    expect([status, status === 200 ? status : 0]).toContain((await ask(session, fields)).status);
    session.destroy();
    if (status !== 200) expect(upstream.text()).toBe('');
  });

  test('names under one wildcard route share a connection, a name with its own route does not', async () => {
    const session = openHttp2(fixture.edge, 'a.wild.example.org');
    expect((await ask(session, get('b.wild.example.org'))).status).toBe(200);
    expect((await ask(session, get('exact.wild.example.org'))).status).toBe(421);
    session.destroy();
  });
});
