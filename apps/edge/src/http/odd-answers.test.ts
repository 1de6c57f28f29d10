import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, get, openHttp2, openTls, sendRaw } from './testing/raw-client.ts';
import { OK_ANSWER, type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'odd.example.org';
let fixture: HttpFixture;
let upstream: RecordingUpstream;
let answer: string;
/** Said by the service some time after an answer of its to `/odd`. */
let later: string;
/** The service ends the connection with that. */
let isLast: boolean;
/** The connection on which `/odd` came last. */
let odd: Socket | undefined;
beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream((head, socket) => {
    // Its answer comes when the connection has found another use.
    if (head.includes('/smuggled')) return null;
    if (!head.includes('/odd')) return OK_ANSWER;
    odd = socket;
    if (later !== '') setTimeout(() => (isLast ? socket.end(later) : socket.write(later)), 50);
    return answer;
  });
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});
let versions = 0;
beforeEach(async () => {
  upstream.clear();
  later = '';
  isLast = true;
  versions += 1;
  // A service of its own version has no connections yet.
  await fixture.putHost(HOST, upstream.port, { upstream: { connectMs: 4_000 + versions }, websockets: true });
});

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

const EMPTY_ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
const EVIL = 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil';
const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n';
const PLAIN = 'Connection: close\r\n';
const HANDSHAKE =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const last = (path: string) => request(`GET ${path}`, 'Connection: close\r\n\r\n');

test.each([
  ['with it', OK_ANSWER + EVIL, '', false],
  ['with it, there being no content', EMPTY_ANSWER + EVIL, '', false],
  ['later', OK_ANSWER, EVIL, false],
  ['later, as its last word', OK_ANSWER, EVIL, true],
])('what a service sends behind an answer, %s, answers nobody', async (_when, now, then, ends) => {
  answer = now;
  later = then;
  isLast = ends;
  const before = upstream.connections();
  const { text } = await sendRaw(fixture.edge, HOST, request('GET /odd'));
  expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n.*\r\n\r\n(ok)?$/s);
  const { text: next } = await sendRaw(fixture.edge, HOST, last('/next'));
  expect(next).toMatch(/ok$/);
  expect(upstream.connections() - before).toBe(2);
});

test.each([
  ['HEAD', '200 OK', 'Content-Length: 42\r\n'],
  ['HEAD', '200 OK', 'Transfer-Encoding: chunked\r\n'],
  ['HEAD', '200 OK', ''],
  ['GET', '304 Not Modified', 'Content-Length: 42\r\n'],
  ['GET', '304 Not Modified', 'Transfer-Encoding: chunked\r\n'],
])('content that a service sends late behind %s %s (%j) answers nobody', async (method, status, framing) => {
  answer = `HTTP/1.1 ${status}\r\n${framing}\r\n`;
  later = EVIL;
  const before = upstream.connections();
  const { text } = await sendRaw(fixture.edge, HOST, request(`${method} /odd`) + last('/next'));
  expect(text).toMatch(/HTTP\/1\.1 200 OK\r\n.*ok$/s);
  expect(text).not.toContain('evil');
  expect(upstream.connections() - before).toBe(2);
});

test.each(['h2', 'http/1.1'] as const)(
  'trailers of an answer for one hop, or of no place there, stay behind (%s)',
  async (protocol) => {
    answer = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: x-hop\r\n\r\n2\r\nok\r\n';
    later = '0\r\nX-Hop: 1\r\nLocation: /evil\r\nVary: *\r\nKeep-Alive: timeout=9\r\nX-Sum: 7\r\n\r\n';
    if (protocol === 'h2') {
      const session = openHttp2(fixture.edge, HOST);
      const { trailers } = await ask(session, get(HOST, '/odd'));
      session.destroy();
      expect(Object.entries(trailers)).toEqual([['x-sum', '7']]);
    } else {
      const { text } = await sendRaw(fixture.edge, HOST, last('/odd'));
      expect(text).toMatch(/\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n$/);
    }
  },
);

test('a connection takes no other request after the time that its service names, less a second', async () => {
  answer = 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok';
  const before = upstream.connections();
  await sendRaw(fixture.edge, HOST, last('/odd'));
  await delay(1_100);
  await sendRaw(fixture.edge, HOST, last('/next'));
  expect(upstream.connections() - before).toBe(2);
});

test('a connection on which an upgrade was refused takes no other request', async () => {
  answer = OK_ANSWER;
  const before = upstream.connections();
  const { text } = await sendRaw(fixture.edge, HOST, request('GET /odd', `${HANDSHAKE}\r\n`));
  expect(text).toMatch(/^HTTP\/1\.1 200 .*ok$/s);
  await sendRaw(fixture.edge, HOST, last('/next'));
  expect(upstream.connections() - before).toBe(2);
});

test('a connection whose request was answered before it was whole takes no other', async () => {
  answer = OK_ANSWER;
  const before = upstream.connections();
  const socket = await openTls(fixture.edge, HOST);
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  socket.write(request('POST /odd', 'Content-Length: 5\r\n\r\n'));
  for (let waited = 0; waited < 20_000 && !text.endsWith('ok'); waited += 20) await delay(20);
  socket.write(`hello${last('/next')}`);
  await new Promise((resolve) => socket.once('end', resolve));
  socket.destroy();
  expect(text.match(/HTTP\/1\.1 200 /g)).toHaveLength(2);
  expect(upstream.connections() - before).toBe(2);
});

test('a request is not sent again when its answer had begun', async () => {
  answer = 'HTTP/1.1 2';
  later = '00';
  const { text } = await sendRaw(fixture.edge, HOST, request('GET /first') + last('/odd'));
  expect([...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['200', '502']);
  expect(upstream.text().match(/GET \/odd/g)).toHaveLength(1);
});

test.each([
  ['17 interim answers', `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(17)}${OK_ANSWER}`, PLAIN],
  ['another protocol', `${SWITCHING}Upgrade: websocket\r\n\r\n`, PLAIN],
  ['another protocol than the one asked for', `${SWITCHING}Upgrade: h2c\r\n\r\n`, HANDSHAKE],
  ['two protocols', `${SWITCHING}Upgrade: websocket\r\nUpgrade: h2c\r\n\r\n`, HANDSHAKE],
])(
  'a service that answers by %s is not believed, and its connection ended',
  async (_what, strange, fields) => {
    answer = strange;
    const { text } = await sendRaw(fixture.edge, HOST, request('GET /odd', `${fields}\r\n`));
    expect(text).toMatch(/^HTTP\/1\.1 502 /m);
    for (let waited = 0; waited < 20_000 && odd?.destroyed !== true; waited += 20) await delay(20);
    expect(odd?.destroyed).toBe(true);
  },
);
