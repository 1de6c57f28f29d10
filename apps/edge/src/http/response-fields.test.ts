import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, get, openHttp2, openTls, sendRaw } from './testing/raw-client.ts';

const HOST = 'answers.example.org';
/** "ü" in UTF-8, read byte by byte, as HTTP programs without a better idea send it. */
const BYTES = '\xc3\xbc';
let fixture: HttpFixture;
let upstream: TestServer;
/** What the upstream answers, and what it was sent last. */
let answer = '';
let received = '';

beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await listenOn(
    createServer((socket: Socket) => {
      socket.on('error', () => undefined);
      socket.on('data', (chunk) => {
        received = chunk.toString('latin1');
        if (/^[A-Z]+ /.test(received)) socket.end(answer, 'latin1');
      });
    }),
  );
  await fixture.putHost(HOST, upstream.port);
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});

test.each([
  ['a 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', 204],
  ['a 205', 'HTTP/1.1 205 Reset Content\r\nContent-Length: 5\r\n\r\nhello', 205],
  [
    'a 103',
    'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    200,
  ],
])('%s never says a length that no content follows', async (_kind, said, status) => {
  answer = said;
  const socket = await openTls(fixture.edge, HOST);
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  const next = `GET /next HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\n\r\n`;
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n${next}`);
  await closed;
  expect(text.match(new RegExp(`^HTTP/1\\.1 ${status} `, 'gm'))).toHaveLength(2);
  expect(text).not.toMatch(/content-length: 5/i);
  const session = openHttp2(fixture.edge, HOST);
  expect(await ask(session, get(HOST))).toMatchObject({ status, body: '', rstCode: 0 });
  session.destroy();
});

test('bytes above 7F in field values go on as they are, both ways', async () => {
  answer = `HTTP/1.1 200 OK\r\nX-Name: ${BYTES}\r\nContent-Length: 2\r\n\r\nok`;
  for (const [method, rest] of [
    ['GET', '\r\n'],
    ['POST', 'Content-Length: 3\r\n\r\nabc'],
  ] as const) {
    const request = `${method} / HTTP/1.1\r\nHost: ${HOST}\r\nConnection: close\r\nX-Name: ${BYTES}\r\n${rest}`;
    const { text } = await sendRaw(fixture.edge, HOST, request, { waitMs: 5_000 });
    expect(text, method).toContain(`X-Name: ${BYTES}\r\n`);
    expect(received, method).toContain(`X-Name: ${BYTES}\r\n`);
  }
  const session = openHttp2(fixture.edge, HOST);
  const { headers } = await ask(session, [...get(HOST), 'x-name', BYTES]);
  expect(headers['x-name']).toBe(BYTES);
  expect(received).toContain(`x-name: ${BYTES}\r\n`);
  session.destroy();
});
