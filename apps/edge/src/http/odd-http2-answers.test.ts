import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { sendRaw } from './testing/raw-client.ts';
import { END_HEADERS, FRAME, type Frame, frameOf, headerBlock, readFrames } from './testing/raw-http2.ts';

const HOST = 'odd-http2.example.org';
const PREFACE_BYTES = 24;
let fixture: HttpFixture;
let service: TestServer;
let status: string;
/** What follows the head of an answer, whose stream the service never ends. */
let content: string;
let frames: Frame[] = [];
beforeAll(async () => {
  fixture = await startHttpFixture();
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write(frameOf(FRAME.settings, 0, 0));
    readFrames(socket, PREFACE_BYTES, (frame) => {
      frames.push(frame);
      if (frame.type !== FRAME.headers) return;
      socket.write(frameOf(FRAME.headers, END_HEADERS, frame.stream, headerBlock([[':status', status]])));
      if (content !== '') socket.write(frameOf(FRAME.data, 0, frame.stream, Buffer.from(content)));
    });
  });
  service = await listenOn(server);
  await fixture.putHost(HOST, service.port, { protocol: 'h2c' });
});
afterAll(async () => {
  await fixture.close();
  await service.close();
});
beforeEach(() => {
  frames = [];
});

test.each([
  ['GET', '205', ''],
  ['GET', '205', 'content'],
  ['GET', '204', ''],
  ['HEAD', '200', ''],
])('%s %s: a stream that goes on where no content has a place (%j) is reset', async (method, given, then) => {
  status = given;
  content = then;
  const { text } = await sendRaw(fixture.edge, HOST, `${method} / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${given} .*\\r\\n\\r\\n$`, 's'));
  for (let waited = 0; waited < 20_000 && !frames.some(({ type }) => type === FRAME.reset); waited += 20)
    await delay(20);
  expect(frames.filter(({ type }) => type === FRAME.reset)).toHaveLength(1);
});
