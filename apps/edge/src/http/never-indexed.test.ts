import { createServer } from 'node:net';
import { HpackDecoder } from '@postern/http2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import {
  END_HEADERS,
  END_STREAM,
  FRAME,
  type Frame,
  frameOf,
  headerBlock,
  openRawHttp2,
  readFrames,
} from './testing/raw-http2.ts';

const HOST = 'never-indexed.example.org';
const PREFACE_BYTES = 24;
let fixture: HttpFixture;
let service: TestServer;
const received: Frame[] = [];
beforeAll(async () => {
  fixture = await startHttpFixture();
  service = await listenOn(
    createServer((socket) => {
      socket.on('error', () => undefined);
      socket.write(frameOf(FRAME.settings, 0, 0));
      readFrames(socket, PREFACE_BYTES, (frame) => {
        received.push(frame);
        const isEnd = frame.type === FRAME.headers && (frame.flags & END_STREAM) !== 0;
        if (!isEnd) return;
        const head = Buffer.concat([headerBlock([[':status', '200']]), secret('x-pin', '4711')]);
        socket.write(frameOf(FRAME.headers, END_HEADERS, frame.stream, head));
        const last = Buffer.concat([headerBlock([['x-sum', '1']]), secret('x-seal', '12')]);
        socket.write(frameOf(FRAME.headers, END_HEADERS | END_STREAM, frame.stream, last));
      });
    }),
  );
  await fixture.putHost(HOST, service.port, { protocol: 'h2c' });
});
afterAll(async () => {
  await fixture.close();
  await service.close();
});

/** A literal that is never to be indexed (RFC 7541 section 6.2.3). */
function secret(name: string, value: string): Buffer {
  const bytes = headerBlock([[name, value]]);
  bytes[0] = 0x10;
  return bytes;
}

/** The names of all fields that came, and of those that no table may hold. */
function namesIn(frames: readonly Frame[]): { readonly all: string[]; readonly never: string[] } {
  const decoder = new HpackDecoder({ bytesMax: 100_000, fieldsMax: 100 });
  const pairs = frames
    .filter(({ type }) => type === FRAME.headers)
    .flatMap(({ payload }) => decoder.decode(payload) ?? [])
    .map(({ pair }) => pair);
  return {
    all: pairs.map(([name]) => name),
    never: pairs.filter(([, , neverIndexed]) => neverIndexed).map(([name]) => name),
  };
}

test('what its sender marks as never to be indexed stays so on the way to a service and back, in heads and trailers', async () => {
  const client = await openRawHttp2(fixture.edge, HOST);
  const head = headerBlock([
    [':method', 'POST'],
    [':scheme', 'https'],
    [':authority', HOST],
    [':path', '/'],
    ['x-plain', '1'],
  ]);
  for (const stream of [1, 3]) {
    client.send(
      FRAME.headers,
      END_HEADERS,
      stream,
      Buffer.concat([head, secret('x-token', 'abc'), secret('user-agent', 'me')]),
    );
    client.send(FRAME.headers, END_HEADERS | END_STREAM, stream, secret('x-mark', '5'));
    await client.receive(
      (frame) => frame.stream === stream && frame.type === FRAME.headers && (frame.flags & END_STREAM) !== 0,
    );
  }
  client.socket.destroy();
  const there = namesIn(received);
  expect(there.never).toEqual(['x-token', 'user-agent', 'x-mark', 'x-token', 'user-agent', 'x-mark']);
  expect(there.all.filter((name) => name === 'x-plain')).toHaveLength(2);
  expect(namesIn(client.frames).never).toEqual(['x-pin', 'x-seal', 'x-pin', 'x-seal']);
});
