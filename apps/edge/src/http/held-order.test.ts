import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { openTls } from './testing/raw-client.ts';
import { OK_ANSWER, type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'held.example.org';
let fixture: HttpFixture;
let upstream: RecordingUpstream;
beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream((head, socket) => {
    if (!head.includes(' /slow ')) return OK_ANSWER;
    setTimeout(() => socket.write(OK_ANSWER), 500);
    return null;
  });
  await fixture.putHost(HOST, upstream.port);
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});

test('what is held behind a request keeps its order, wherever it is cut', async () => {
  const socket = await openTls(fixture.edge, HOST);
  let text = '';
  socket.on('data', (data) => {
    text += data.toString('latin1');
  });
  const post = (path: string, body: string) =>
    `POST ${path} HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  socket.write(`GET /slow HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  await delay(100);
  const later = post('/1', 'abcdefghijklmnopqrstuvwxyz') + post('/2', '0123456789');
  for (let at = 0; at < later.length; at += 90) {
    socket.write(later.slice(at, at + 90));
    await delay(20);
  }
  for (let waited = 0; waited < 20_000 && (text.match(/HTTP\/1\.1 /g)?.length ?? 0) < 3; waited += 20)
    await delay(20);
  socket.destroy();
  expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(Array(3).fill('HTTP/1.1 200'));
  expect(upstream.text()).toMatch(/\r\n\r\nabcdefghijklmnopqrstuvwxyzPOST \/2 /);
  expect(upstream.text()).toMatch(/\r\n\r\n0123456789$/);
});

test('what came with the end of a body is held as it came, whatever is read after it', async () => {
  upstream.clear();
  const socket = await openTls(fixture.edge, HOST);
  socket.on('error', () => undefined);
  socket.resume();
  const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
  for (const piece of [
    `POST /slow HTTP/1.1\r\nHost: ${HOST}\r\nContent-Length: 5\r\n\r\n`,
    `hello${get('/2')}`,
    get('/3'),
  ]) {
    socket.write(piece);
    await delay(50);
  }
  for (let waited = 0; waited < 20_000 && !upstream.text().includes('GET /3 '); waited += 20) await delay(20);
  socket.destroy();
  expect(upstream.text().match(/(POST|GET) \S+/g)).toEqual(['POST /slow', 'GET /2', 'GET /3']);
});
