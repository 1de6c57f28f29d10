import { Duplex } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Connection } from '../connection.ts';
import type { ServeExchange } from './exchange.ts';
import { createHttp1Server } from './h1-server.ts';
import { HTTP_LIMITS } from './http-limits.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { sendRaw } from './testing/raw-client.ts';
import { type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'pipe.example.org';
let fixture: HttpFixture;
let upstream: RecordingUpstream;
beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream((head) =>
    head.includes('/never') ? null : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
  );
  await fixture.putHost(HOST, upstream.port, { websockets: true });
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});

test.each([
  [
    'WebSocket handshake',
    `GET /ws HTTP/1.1\r\nHost: ${HOST}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  ],
  ['CONNECT', `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`],
])('a %s behind an unanswered request is not looked at before its turn', async (_name, leaving) => {
  const first = `GET /never HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
  const { text: unanswered } = await sendRaw(fixture.edge, HOST, first + leaving, { waitMs: 500 });
  expect(unanswered).toBe('');
  expect(upstream.text()).not.toMatch(/ws|CONNECT/);
  const { text } = await sendRaw(fixture.edge, HOST, `GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
});

let handled: string[] = [];
const answerAll: ServeExchange = (exchange, onDone) => {
  handled.push(exchange.target);
  exchange.respond(200, [['content-length', '2']], { hasBody: true, close: false }).write(Buffer.from('ok'));
  exchange.end([]);
  onDone();
};

test('a request waits until the answer before it is out, and so does the end of a draining connection', async () => {
  handled = [];
  const server = createHttp1Server(() => answerAll, HTTP_LIMITS);
  const written: string[] = [];
  let flush: (() => void) | undefined;
  const socket = new Duplex({
    read: () => undefined,
    write(chunk, _encoding, callback) {
      written.push(String(chunk));
      flush = callback;
    },
  });
  const { drain } = server.serve({ socket } as unknown as Connection);
  socket.push('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
  for (let turns = 0; turns < 20; turns += 1) await turn();
  expect(handled).toEqual(['/1']);
  drain();
  for (let turns = 0; turns < 20; turns += 1) {
    const done = flush;
    flush = undefined;
    done?.();
    await turn();
  }
  expect(handled).toEqual(['/1', '/2']);
  expect(written.join('').match(/ok/g)).toHaveLength(2);
  expect(socket.writableEnded).toBe(true);
  socket.destroy();
  server.close();
});

test('a request whose client has gone before its turn is not served', async () => {
  handled = [];
  const server = createHttp1Server(() => answerAll, HTTP_LIMITS);
  let fail: ((error: Error) => void) | undefined;
  const socket = new Duplex({
    read: () => undefined,
    write(_chunk, _encoding, callback) {
      fail = callback;
    },
  });
  server.serve({ socket } as unknown as Connection);
  socket.push('GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n');
  for (let turns = 0; turns < 20; turns += 1) await turn();
  fail?.(new Error('the connection was reset'));
  for (let turns = 0; turns < 20; turns += 1) await turn();
  expect(handled).toEqual(['/1']);
  expect(socket.destroyed).toBe(true);
  server.close();
});

test('what a client sends ahead is read up to a bound, and read on when its turn has come', async () => {
  const server = createHttp1Server(() => answerAll, HTTP_LIMITS);
  const piece = 'x'.repeat(16 * 1024);
  let pulled = 0;
  let isFlooding = false;
  let flush: (() => void) | undefined;
  const socket = new Duplex({
    read() {
      if (!isFlooding || pulled >= 1024 * 1024) return;
      pulled += piece.length;
      this.push(piece);
    },
    write(_chunk, _encoding, callback) {
      flush = callback;
    },
  });
  server.serve({ socket } as unknown as Connection);
  socket.push(
    'GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 1048576\r\n\r\n',
  );
  isFlooding = true;
  for (let turns = 0; turns < 50; turns += 1) await turn();
  expect(pulled).toBeGreaterThan(0);
  expect(pulled).toBeLessThanOrEqual(HTTP_LIMITS.heldBytesMax + 64 * 1024 + piece.length);
  for (let turns = 0; turns < 200; turns += 1) {
    const done = flush;
    flush = undefined;
    done?.();
    await turn();
  }
  expect(pulled).toBe(1024 * 1024);
  socket.destroy();
  server.close();
});
