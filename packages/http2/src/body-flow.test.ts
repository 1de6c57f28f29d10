import { describe, expect, test } from 'vitest';
import { FLAG, FRAME } from './frames.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import type { Http2Stream } from './http2-stream.ts';
import { block, type Frame, frame, GET, POST, TestServer, WHOLE } from './testing/wire.ts';

const data = (bytes: number | Buffer, flags = 0, stream = 1): Buffer =>
  frame(FRAME.data, flags, stream, typeof bytes === 'number' ? Buffer.alloc(bytes, 'x') : bytes);
const post = (stream = 1): Buffer => frame(FRAME.headers, FLAG.endHeaders, stream, block(...POST));
const get = (stream = 1): Buffer => frame(FRAME.headers, WHOLE, stream, block(...GET));
const number = (type: number, stream: number, value: number): Buffer => {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(value);
  return frame(type, 0, stream, payload);
};
const window = (stream: number, bytes: number): Buffer => number(FRAME.windowUpdate, stream, bytes);

/** The stream that came last. */
function last(server: TestServer): Http2Stream {
  const seen = server.requests.at(-1);
  if (seen === undefined) throw new Error('no request came');
  return seen.stream;
}

/** What a body told, in order. */
function listenTo(stream: Http2Stream): string[] {
  const told: string[] = [];
  stream.start({
    data: (chunk) => told.push(chunk.toString()),
    end: () => told.push('END'),
    broken: () => told.push('BROKEN'),
  });
  return told;
}

const summary = (frames: readonly Frame[]): string[] =>
  frames.map(({ type, flags, stream, payload }) => {
    const name = Object.entries(FRAME).find(([, value]) => value === type)?.[0] ?? String(type);
    const size = type === FRAME.data ? ` ${payload.length}` : '';
    const value = payload.length === 4 && type !== FRAME.data ? ` ${payload.readUInt32BE(0)}` : '';
    const isLast = (type === FRAME.data || type === FRAME.headers) && (flags & FLAG.endStream) !== 0;
    return `${name} ${stream}${size}${value}${isLast ? ' END' : ''}`;
  });

describe('a body that comes', () => {
  test.each([1, 2, 3, 7, 1_000])(
    'is the same in pieces of %i bytes, padding and unknown frames left out',
    (size) => {
      const server = TestServer.open();
      const bytes = Buffer.concat([
        post(),
        data(Buffer.from('one ')),
        frame(FRAME.data, FLAG.padded, 1, Buffer.from('\x03two \0\0\0')),
        frame(99, 0, 0, Buffer.from('ignored')),
        data(Buffer.from('three'), FLAG.endStream),
      ]);
      for (let at = 0; at < bytes.length; at += size) server.send(bytes.subarray(at, at + size));
      expect(listenTo(last(server)).join('')).toBe('one two threeEND');
    },
  );

  test('ends with an empty frame that comes by itself', () => {
    const server = TestServer.open();
    server.send(post());
    const told = listenTo(last(server));
    server.send(data(Buffer.from('a')));
    server.send(data(0, FLAG.endStream));
    expect(told).toEqual(['a', 'END']);
  });

  test('waits until somebody listens, and while it is paused', () => {
    const server = TestServer.open();
    server.send(post(), data(Buffer.from('a')));
    const told = listenTo(last(server));
    expect(told).toEqual(['a']);
    last(server).pause();
    server.send(data(Buffer.from('b')), data(Buffer.from('c'), FLAG.endStream));
    expect(told).toEqual(['a']);
    last(server).resume();
    expect(told).toEqual(['a', 'b', 'c', 'END']);
  });

  test('that is reset, or whose connection ends, is broken and never whole', () => {
    for (const end of [
      (server: TestServer) => server.send(number(FRAME.rstStream, 1, 8)),
      (server: TestServer) => server.http2.onGone(),
      (server: TestServer) => server.send(data(1, 0, 0)),
    ]) {
      const server = TestServer.open();
      server.send(post(), data(Buffer.from('a')));
      const told = listenTo(last(server));
      end(server);
      expect(told).toEqual(['a', 'BROKEN']);
      expect(last(server).isClosed).toBe(true);
      expect(listenTo(last(server))).toEqual(['BROKEN']);
    }
  });

  test('brings its trailers', () => {
    const server = TestServer.open();
    server.send(post(), data(1), frame(FRAME.headers, WHOLE, 1, block(['x-sum', '1'])));
    expect(listenTo(last(server))).toEqual(['x', 'END']);
    expect(last(server).trailers).toEqual([['x-sum', '1']]);
  });

  test('gets its window back as it is taken, padding included, and the connection at once', () => {
    const server = TestServer.open();
    server.send(post());
    for (let sent = 0; sent < 6; sent += 1) server.send(data(16_384));
    expect(summary(server.sent())).toEqual([]);
    server.send(data(1_000));
    expect(summary(server.sent())).toEqual([]);
    listenTo(last(server));
    expect(summary(server.sent())).toEqual(['windowUpdate 1 65536']);
    server.send(frame(FRAME.data, FLAG.padded, 1, Buffer.concat([Buffer.from([255]), Buffer.alloc(300)])));
    for (let sent = 0; sent < 2; sent += 1) server.send(data(16_384));
    expect(summary(server.sent())).toEqual(['windowUpdate 0 115989', 'windowUpdate 1 50453']);
  });

  test('of streams that have ended is passed over, and counts for the connection alone', () => {
    const server = TestServer.open();
    server.send(post());
    last(server).reset(8);
    for (let sent = 0; sent < 7; sent += 1) server.send(data(16_384));
    expect(summary(server.sent())).toEqual(['rstStream 1 8', 'windowUpdate 0 114688']);
    expect(server.http2.isOver).toBe(false);
  });
});

test.each([
  ['ended by its client', (server: TestServer) => server.send(number(FRAME.rstStream, 1, 8))],
  ['ended by the server', (server: TestServer) => last(server).reset(8)],
  ['read no further', (server: TestServer) => last(server).stop()],
])('content of a stream that is %s no longer keeps the window of the connection closed', (_how, end) => {
  const server = TestServer.open({ heldBytesMax: 50_000 });
  server.send(post(1));
  for (let sent = 0; sent < 6; sent += 1) server.send(data(16_384));
  end(server);
  server.sent();
  server.send(post(3));
  for (let sent = 0; sent < 6; sent += 1) server.send(data(16_384, 0, 3));
  last(server).stop();
  server.send(post(5));
  for (let sent = 0; sent < 2; sent += 1) server.send(data(16_384, 0, 5));
  expect(server.http2.isOver).toBe(false);
  // Held: 32,768 bytes of the last stream, and no others.
  server.send(data(16_384, 0, 5));
  expect(summary(server.sent()).some((line) => line.startsWith('windowUpdate 0'))).toBe(true);
});

test('content that comes for a stream which nobody reads any more is not counted as held', () => {
  const server = TestServer.open({ heldBytesMax: 0 });
  server.send(post());
  last(server).stop();
  for (let sent = 0; sent < 6; sent += 1) server.send(data(16_384));
  server.send(post(3));
  last(server).stop();
  for (let sent = 0; sent < 6; sent += 1) server.send(data(16_384, 0, 3));
  expect(summary(server.sent()).filter((line) => line.startsWith('windowUpdate 0')).length).toBe(1);
  expect(server.http2.isOver).toBe(false);
});

describe('a body that goes', () => {
  const respond = (stream: Http2Stream): void => stream.headers([[':status', '200']], false);

  test('shares a write with its head, and its end with its last bytes', () => {
    const server = TestServer.open();
    server.send(get());
    const stream = last(server);
    respond(stream);
    stream.write(Buffer.from('hello'));
    stream.end([]);
    expect(server.http2.takeOutput().length).toBe(1);
    expect(stream.isClosed).toBe(true);
    expect(stream.code).toBe(0);
  });

  test('keeps to the windows of the stream and of the connection, and goes on when they open', () => {
    const server = TestServer.open();
    server.send(get(), frame(FRAME.settings, 0, 0, [0, 4, 0, 0, 0, 10]));
    const stream = last(server);
    respond(stream);
    stream.write(Buffer.alloc(25));
    stream.end([]);
    expect(summary(server.sent())).toEqual(['settings 0', 'headers 1', 'data 1 10']);
    server.send(window(1, 5));
    expect(summary(server.sent())).toEqual(['data 1 5']);
    // A smaller initial window takes from what was given, below nothing.
    server.send(frame(FRAME.settings, 0, 0, [0, 4, 0, 0, 0, 0]), window(1, 10));
    expect(summary(server.sent())).toEqual(['settings 0']);
    server.send(window(1, 10));
    expect(summary(server.sent())).toEqual(['data 1 10 END']);
  });

  test('takes turns with others for the window of the connection', () => {
    const server = TestServer.open();
    server.send(frame(FRAME.settings, 0, 0, [0, 4, 0, 1, 0, 0]), get(1), get(3));
    for (const { stream } of server.requests) {
      respond(stream);
      stream.write(Buffer.alloc(50_000));
      stream.end([]);
    }
    const frames = summary(server.sent()).filter((line) => line.startsWith('data'));
    expect(frames).toEqual(['data 1 16384', 'data 3 16384', 'data 1 16384', 'data 3 16383']);
    server.send(window(0, 100_000));
    expect(summary(server.sent())).toEqual([
      'data 3 16384',
      'data 1 16384',
      'data 3 849 END',
      'data 1 848 END',
    ]);
  });

  test('that comes in very small pieces goes out in few frames when it has had to wait', () => {
    const server = TestServer.open();
    server.send(get(), frame(FRAME.settings, 0, 0, [0, 4, 0, 0, 0, 0]));
    const stream = last(server);
    respond(stream);
    for (let at = 0; at < 10_000; at += 1) stream.write(Buffer.from([at % 251]));
    stream.end([]);
    server.sent();
    server.send(window(1, 10_000));
    const frames = server.sent();
    expect(frames.length).toBeLessThan(5);
    const content = Buffer.concat(frames.map(({ payload }) => payload));
    expect(content.every((byte, at) => byte === at % 251)).toBe(true);
    expect(content.length).toBe(10_000);
  });

  test('says when there is enough, and when there is room', () => {
    const server = TestServer.open();
    server.send(get());
    const stream = last(server);
    let rooms = 0;
    respond(stream);
    stream.listen({ room: () => (rooms += 1), broken: () => {} });
    expect(stream.write(Buffer.alloc(60_000))).toBe(true);
    expect(stream.write(Buffer.alloc(10_000))).toBe(false);
    server.http2.setRoom(false);
    server.sent();
    expect([rooms, stream.queuedBytes]).toEqual([0, 70_000]);
    server.http2.setRoom(true);
    server.sent();
    expect([rooms, stream.queuedBytes]).toEqual([1, 70_000 - 65_535]);
  });

  test('ends with its trailers', () => {
    const server = TestServer.open();
    server.send(get());
    const stream = last(server);
    respond(stream);
    stream.write(Buffer.from('x'));
    stream.end([['grpc-status', '0']]);
    const frames = server.sent();
    expect(summary(frames)).toEqual(['headers 1', 'data 1 1', 'headers 1 END']);
    const decoder = new HpackDecoder({ bytesMax: 1_000, fieldsMax: 10 });
    const fields = frames.flatMap(({ type, payload }) =>
      type === FRAME.headers ? decoder.decode(payload) : [],
    );
    expect(fields.map((field) => field?.pair)).toEqual([
      [':status', '200'],
      ['grpc-status', '0'],
    ]);
  });

  test('whose client still sends is followed by a reset, in a write of its own', () => {
    const server = TestServer.open();
    server.send(post());
    const stream = last(server);
    respond(stream);
    stream.end([]);
    expect(Buffer.concat(server.http2.takeOutput()).toString('latin1')).not.toContain('\x03\0\0\0\0\x01');
    expect(summary(server.sent())).toEqual(['rstStream 1 0']);
    expect([stream.isClosed, stream.code]).toEqual([true, 0]);
  });

  test('secrets and long fields are in no table', () => {
    const server = TestServer.open();
    server.send(get(1), get(3));
    const fields = [
      [':status', '200'],
      ['set-cookie', 'secret'],
      ['x-long', 'a'.repeat(300)],
      ['x-short', 'a'],
    ] as const;
    for (const { stream } of server.requests) stream.headers(fields, true);
    const [, second] = server.sent();
    const text = second?.payload.toString('latin1') ?? '';
    // RFC 7541 section 6.2.3: 0001 and the name's index, 55.
    expect(text.slice(0, 3)).toBe('\x88\x1f\x28');
    expect([text.includes('secret'), text.includes('a'.repeat(300)), text.includes('x-short')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('a head larger than a frame is continued', () => {
    const server = TestServer.open();
    server.send(get());
    last(server).headers(
      [
        [':status', '200'],
        ['x', 'a'.repeat(40_000)],
      ],
      true,
    );
    expect(summary(server.sent())).toEqual(['headers 1 END', 'continuation 1', 'continuation 1']);
  });
});

test('a connection that is drained turns new streams away and lets the others end', () => {
  const server = TestServer.open();
  server.send(get(1));
  server.http2.drain();
  server.send(get(3));
  expect(summary(server.sent())).toEqual(['goaway 0', 'rstStream 3 7']);
  last(server).headers([[':status', '204']], true);
  expect(summary(server.sent())).toEqual(['headers 1 END']);
  expect([server.requests.length, server.http2.streamCount]).toEqual([1, 0]);
});

test('the last stream that GOAWAY names does not grow', () => {
  const server = TestServer.open();
  server.send(get(1));
  server.http2.drain();
  server.send(get(3), data(1, 0, 0));
  const goaways = server.sent().filter(({ type }) => type === FRAME.goaway);
  expect(goaways.map(({ payload }) => [payload.readUInt32BE(0), payload.readUInt32BE(4)])).toEqual([
    [1, 0],
    [1, 1],
  ]);
});

test('the smallest of several table sizes is said before the next block', () => {
  const server = TestServer.open();
  const sizes = [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 100];
  server.send(frame(FRAME.settings, 0, 0, sizes), get());
  last(server).headers([[':status', '204']], true);
  const head = server.sent().find(({ type }) => type === FRAME.headers);
  // RFC 7541 section 4.2: 0, then 100.
  expect([...(head?.payload ?? [])].slice(0, 3)).toEqual([0x20, 0x3f, 100 - 31]);
  server.send(frame(FRAME.settings, 0, 0, [0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 100]), get(3));
  last(server).headers([[':status', '204']], true);
  const next = server.sent().find(({ type }) => type === FRAME.headers);
  expect([...(next?.payload ?? [])].slice(0, 3)).toEqual([0x20, 0x3f, 100 - 31]);
});

test('PING and SETTINGS are acknowledged', () => {
  const server = TestServer.open();
  server.send(frame(FRAME.ping, 0, 0, Buffer.from('12345678')), frame(FRAME.settings, 0, 0));
  const [ping, settings] = server.sent();
  expect([ping?.flags, ping?.payload.toString(), settings?.type, settings?.flags]).toEqual([
    1,
    '12345678',
    4,
    1,
  ]);
});
