import { describe, expect, test } from 'vitest';
import { FLAG, FRAME, PREFACE } from './frames.ts';
import { block, frame, GET, POST, TestServer, WHOLE } from './testing/wire.ts';

const get = frame(FRAME.headers, WHOLE, 1, block(...GET));
const post = frame(FRAME.headers, FLAG.endHeaders, 1, block(...POST));
const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const setting = (id: number, value: number): Buffer => Buffer.concat([Buffer.from([0, id]), number(value)]);
const data = (bytes: number, flags = 0, stream = 1): Buffer =>
  frame(FRAME.data, flags, stream, Buffer.alloc(bytes));
/** A value with which an entry is larger than a table of 4,096 bytes: 127 + 1 + 31 * 128. */
const LARGE = Buffer.alloc(127 + 1 + 31 * 128, 'a');
const listOf = (...fields: readonly (readonly [string, string])[]): Buffer =>
  frame(FRAME.headers, WHOLE, 1, block(...GET, ...fields));
const large = (type: number, stream: number): Buffer => frame(type, 0, stream, Buffer.alloc(16_385));

describe('frames that break a rule of RFC 9113 end the stream or the connection with the code it names', () => {
  test.each<readonly [string, readonly Buffer[], string]>([
    ['4.2: a DATA frame over 16,384 bytes', [post, large(FRAME.data, 1)], 'goaway 6'],
    ['4.2: a HEADERS frame over 16,384 bytes', [large(FRAME.headers, 1)], 'goaway 6'],
    [
      '4.3: a block that cannot be decoded',
      [frame(FRAME.headers, WHOLE, 1, [0xff, 0xff, 0xff, 0xff, 0xff])],
      'goaway 9',
    ],
    ['4.3: an index beyond the table', [frame(FRAME.headers, WHOLE, 1, [0xfe])], 'goaway 9'],
    ['4.3: an index of zero', [frame(FRAME.headers, WHOLE, 1, [0x80])], 'goaway 9'],
    ['RFC 7541 4.2: a table size after a field', [frame(FRAME.headers, WHOLE, 1, [0x82, 0x20])], 'goaway 9'],
    [
      'RFC 7541 6.3: a table above what was offered',
      [frame(FRAME.headers, WHOLE, 1, [0x3f, 0xe2, 0x1f])],
      'goaway 9',
    ],
    [
      'RFC 7541 4.4: an entry before one that is larger than the table',
      [
        get,
        frame(FRAME.headers, WHOLE, 3, [...block(...GET), 0x40, 1, 0x78, 0x7f, 0x81, 0x1f, ...LARGE]),
        frame(FRAME.headers, WHOLE, 5, [0xbe]),
      ],
      'goaway 9',
    ],
    [
      'RFC 7541 5.2: a string beyond its block',
      [frame(FRAME.headers, WHOLE, 1, [0x44, 3, 0x2f])],
      'goaway 9',
    ],
    [
      'RFC 7541 5.2: a coded string beyond its block',
      [frame(FRAME.headers, WHOLE, 1, [0x44, 0x83, 0x63])],
      'goaway 9',
    ],
    ['10.5.1: a list of too many bytes', [listOf(['x', 'a'.repeat(8_192)])], 'reset 11'],
    [
      '10.5.1: a list of too many fields',
      [listOf(...Array.from({ length: 47 }, () => ['x', 'y'] as const))],
      'reset 11',
    ],
    [
      '10.5.1: a list of as many fields',
      [listOf(...Array.from({ length: 46 }, () => ['x', 'y'] as const))],
      'nothing',
    ],
    [
      'RFC 7541 5.2: Huffman padding of zeros',
      [frame(FRAME.headers, WHOLE, 1, [0x44, 0x81, 0x00])],
      'goaway 9',
    ],
    [
      'RFC 7541 5.2: Huffman padding over 7 bits',
      [frame(FRAME.headers, WHOLE, 1, [0x44, 0x82, 0x63, 0xff])],
      'goaway 9',
    ],
    [
      'RFC 7541 5.2: EOS within a Huffman string',
      [frame(FRAME.headers, WHOLE, 1, [0x44, 0x84, 0xff, 0xff, 0xff, 0xff])],
      'goaway 9',
    ],
    ['5.1: DATA on an idle stream', [data(1)], 'goaway 1'],
    ['5.1: RST_STREAM of an idle stream', [frame(FRAME.rstStream, 0, 1, number(8))], 'goaway 1'],
    ['5.1: WINDOW_UPDATE of an idle stream', [frame(FRAME.windowUpdate, 0, 1, number(8))], 'goaway 1'],
    ['5.1: DATA after END_STREAM', [get, data(1)], 'goaway 5'],
    ['5.1: HEADERS after END_STREAM', [get, get], 'goaway 5'],
    ['5.1.1: an even stream', [frame(FRAME.headers, WHOLE, 2, block(...GET))], 'goaway 1'],
    ['5.5: an unknown frame is passed over', [frame(77, 1, 9, [1]), get], 'nothing'],
    [
      '5.5: an unknown frame within a block',
      [frame(FRAME.headers, 1, 1, block(...GET)), frame(77, 0, 1)],
      'goaway 1',
    ],
    ['6.1: DATA without a stream', [data(1, 0, 0)], 'goaway 1'],
    ['6.1: more padding than bytes', [post, frame(FRAME.data, FLAG.padded, 1, [4, 0, 0, 0])], 'goaway 1'],
    ['6.1: padding of an empty frame', [post, frame(FRAME.data, FLAG.padded, 1)], 'goaway 1'],
    ['6.2: HEADERS without a stream', [frame(FRAME.headers, WHOLE, 0, block(...GET))], 'goaway 1'],
    ['6.2: more padding than bytes', [frame(FRAME.headers, WHOLE | FLAG.padded, 1, [9, 0x82])], 'goaway 1'],
    ['6.2: too short for its priority', [frame(FRAME.headers, WHOLE | FLAG.priority, 1, [0, 0])], 'goaway 6'],
    ['6.3: PRIORITY without a stream', [frame(FRAME.priority, 0, 0, Buffer.alloc(5))], 'goaway 1'],
    ['6.3: PRIORITY of a wrong size', [get, frame(FRAME.priority, 0, 1, Buffer.alloc(4))], 'goaway 6'],
    ['6.4: RST_STREAM without a stream', [frame(FRAME.rstStream, 0, 0, number(8))], 'goaway 1'],
    ['6.4: RST_STREAM of a wrong size', [get, frame(FRAME.rstStream, 0, 1, Buffer.alloc(3))], 'goaway 6'],
    ['6.5: SETTINGS on a stream', [frame(FRAME.settings, 0, 1)], 'goaway 1'],
    ['6.5: SETTINGS of a wrong size', [frame(FRAME.settings, 0, 0, Buffer.alloc(5))], 'goaway 6'],
    ['6.5: an acknowledgement with content', [frame(FRAME.settings, FLAG.ack, 0, setting(1, 1))], 'goaway 6'],
    ['6.5.2: ENABLE_PUSH of 2', [frame(FRAME.settings, 0, 0, setting(2, 2))], 'goaway 1'],
    ['6.5.2: a window above 2^31-1', [frame(FRAME.settings, 0, 0, setting(4, 2 ** 31))], 'goaway 3'],
    ['6.5.2: frames below 16,384', [frame(FRAME.settings, 0, 0, setting(5, 16_383))], 'goaway 1'],
    ['6.5.2: frames above 2^24-1', [frame(FRAME.settings, 0, 0, setting(5, 2 ** 24))], 'goaway 1'],
    [
      '6.5.2: an unknown setting is passed over',
      [frame(FRAME.settings, 0, 0, setting(99, 1)), get],
      'nothing',
    ],
    ['6.6: PUSH_PROMISE of a client', [frame(FRAME.pushPromise, 4, 1, number(2))], 'goaway 1'],
    ['6.7: PING on a stream', [frame(FRAME.ping, 0, 1, Buffer.alloc(8))], 'goaway 1'],
    ['6.7: PING of a wrong size', [frame(FRAME.ping, 0, 0, Buffer.alloc(7))], 'goaway 6'],
    ['6.8: GOAWAY on a stream', [frame(FRAME.goaway, 0, 1, Buffer.alloc(8))], 'goaway 1'],
    ['6.8: GOAWAY of a wrong size', [frame(FRAME.goaway, 0, 0, Buffer.alloc(7))], 'goaway 6'],
    ['6.9: WINDOW_UPDATE of nothing', [frame(FRAME.windowUpdate, 0, 0, number(0))], 'goaway 1'],
    [
      '6.9: WINDOW_UPDATE of nothing, of a stream',
      [get, frame(FRAME.windowUpdate, 0, 1, number(0))],
      'reset 1',
    ],
    ['6.9: WINDOW_UPDATE of a wrong size', [frame(FRAME.windowUpdate, 0, 0, Buffer.alloc(3))], 'goaway 6'],
    ['6.9.1: a window above 2^31-1', [frame(FRAME.windowUpdate, 0, 0, number(2 ** 31 - 1))], 'goaway 3'],
    [
      '6.9.1: a window of a stream above 2^31-1',
      [get, frame(FRAME.windowUpdate, 0, 1, number(2 ** 31 - 1))],
      'reset 3',
    ],
    [
      '6.9.2: a new initial window that makes one of a stream too large',
      [
        get,
        frame(FRAME.windowUpdate, 0, 1, number(1000)),
        frame(FRAME.settings, 0, 0, setting(4, 2 ** 31 - 1)),
      ],
      'goaway 3',
    ],
    [
      '6.9.1: more than the window of the stream',
      [post, ...Array.from({ length: 7 }, () => data(16_384))],
      'reset 3',
    ],
    ['6.10: CONTINUATION without HEADERS', [frame(FRAME.continuation, 4, 1, block(...GET))], 'goaway 1'],
    [
      '6.10: CONTINUATION of another stream',
      [frame(FRAME.headers, 1, 1, block(...GET)), frame(FRAME.continuation, 4, 3)],
      'goaway 1',
    ],
    ['6.10: DATA within a block', [post, frame(FRAME.headers, 1, 3, block(...GET)), data(1)], 'goaway 1'],
    ['8.1: trailers without END_STREAM', [post, frame(FRAME.headers, 4, 1, block(['a', 'b']))], 'reset 1'],
    [
      '8.1: a pseudo-header field in trailers',
      [post, frame(FRAME.headers, WHOLE, 1, block([':path', '/']))],
      'reset 1',
    ],
    [
      '8.3.1: two hosts',
      [frame(FRAME.headers, WHOLE, 1, block(...GET, ['host', 'a.example'], ['host', 'a.example']))],
      'reset 1',
    ],
    [
      '8.1.1: two content-lengths',
      [frame(FRAME.headers, 4, 1, block(...POST, ['content-length', '3'], ['content-length', '3']))],
      'reset 1',
    ],
    [
      '8.1.1: a content-length without content',
      [frame(FRAME.headers, WHOLE, 1, block(...POST, ['content-length', '3']))],
      'reset 1',
    ],
    [
      '8.1.1: less than the content-length',
      [frame(FRAME.headers, 4, 1, block(...POST, ['content-length', '3'])), data(2, 1)],
      'reset 1',
    ],
    [
      '8.1.1: more than the content-length',
      [frame(FRAME.headers, 4, 1, block(...POST, ['content-length', '3'])), data(4)],
      'reset 1',
    ],
  ])('%s', (_title, frames, outcome) => {
    const server = TestServer.open();
    server.send(...frames);
    expect(server.outcome()).toBe(outcome);
  });

  test.each([
    ['DATA in place of SETTINGS', Buffer.concat([PREFACE, frame(FRAME.data, 0, 1)])],
    ['another preface', Buffer.from('GET / HTTP/1.1\r\nHost: a\r\n\r\n')],
    ['no SETTINGS after the preface', Buffer.concat([PREFACE, get])],
    ['an acknowledgement in place of SETTINGS', Buffer.concat([PREFACE, frame(FRAME.settings, FLAG.ack, 0)])],
  ])('3.4: %s', (_title, bytes) => {
    const server = new TestServer();
    server.send(bytes);
    expect(server.outcome()).toBe('goaway 1');
    expect(server.requests).toEqual([]);
  });

  test('the connection window bounds what comes for streams that nobody takes', () => {
    const server = TestServer.open({ heldBytesMax: 0, streamWindowBytes: 1_000_000 });
    server.send(post);
    for (let sent = 0; sent < 13; sent += 1) server.send(data(16_384));
    expect(server.outcome()).toBe('goaway 3');
  });
});

describe('what a client may do to cost more than it pays is bounded', () => {
  const many = (bytes: Buffer, count: number): Buffer[] => Array.from({ length: count }, () => bytes);
  // SETTINGS at the beginning is the first of the frames that bring nothing.
  const reset = (nth: number): Buffer[] => [
    frame(FRAME.headers, WHOLE, nth * 2 + 1, block(...GET)),
    frame(FRAME.rstStream, 0, nth * 2 + 1, number(8)),
  ];
  test.each<readonly [string, readonly Buffer[]]>([
    ['PING', many(frame(FRAME.ping, 0, 0, Buffer.alloc(8)), 100)],
    ['SETTINGS', many(frame(FRAME.settings, 0, 0), 100)],
    ['PRIORITY', many(frame(FRAME.priority, 0, 7, Buffer.alloc(5)), 100)],
    ['unknown frames', many(frame(99, 0, 0), 100)],
    ['empty DATA', [post, ...many(data(0), 100)]],
    ['DATA of padding alone', [post, ...many(frame(FRAME.data, FLAG.padded, 1, [0]), 100)]],
    [
      'empty DATA with END_STREAM of a stream that has ended',
      [...reset(0), ...many(data(0, FLAG.endStream), 100)],
    ],
    ['WINDOW_UPDATE', many(frame(FRAME.windowUpdate, 0, 0, number(1)), 101)],
    ['WINDOW_UPDATE of a stream', [get, ...many(frame(FRAME.windowUpdate, 0, 1, number(1)), 101)]],
    [
      'WINDOW_UPDATE of a stream that has ended',
      [...reset(0), ...many(frame(FRAME.windowUpdate, 0, 1, number(1)), 101)],
    ],
    ['streams that are reset', Array.from({ length: 51 }, (_, nth) => reset(nth)).flat()],
    [
      'streams that make the server reset them',
      Array.from({ length: 51 }, (_, nth) => [
        frame(FRAME.headers, WHOLE, nth * 2 + 1, block(...GET)),
        frame(FRAME.windowUpdate, 0, nth * 2 + 1, number(0)),
      ]).flat(),
    ],
    [
      'content over its length, after which the server resets the stream (CVE-2025-8671)',
      Array.from({ length: 6 }, (_, nth) => [
        frame(FRAME.headers, FLAG.endHeaders, nth * 2 + 1, block(...POST, ['content-length', '1'])),
        data(2, 0, nth * 2 + 1),
      ]).flat(),
    ],
    ['acknowledgements of SETTINGS', many(frame(FRAME.settings, FLAG.ack, 0), 100)],
    ['GOAWAY', many(frame(FRAME.goaway, 0, 0, Buffer.alloc(8)), 100)],
    ['HEADERS of a stream that has ended', [...reset(0), ...many(get, 100)]],
    [
      'streams over the limit',
      Array.from({ length: 61 }, (_, nth) => frame(FRAME.headers, WHOLE, nth * 2 + 1, block(...GET))),
    ],
    [
      'malformed requests',
      Array.from({ length: 6 }, (_, nth) => frame(FRAME.headers, WHOLE, nth * 2 + 1, block(['X', 'y']))),
    ],
    ['CONTINUATION by number', [frame(FRAME.headers, 1, 1), ...many(frame(FRAME.continuation, 0, 1), 9)]],
    [
      'CONTINUATION by bytes',
      [frame(FRAME.headers, 1, 1), ...many(frame(FRAME.continuation, 0, 1, Buffer.alloc(16_384)), 5)],
    ],
  ])('a flood of %s ends the connection', (_title, frames) => {
    const server = TestServer.open();
    server.send(...frames.slice(0, -1));
    expect(server.http2.isOver).toBe(false);
    server.send(...frames.slice(-1));
    expect(server.outcome()).toBe('goaway 11');
    expect(server.requests.length).toBeLessThanOrEqual(51);
  });

  test('a flood of streams that come after GOAWAY ends the connection', () => {
    const server = TestServer.open();
    server.http2.drain();
    server.sent();
    for (let nth = 0; nth < 51; nth += 1) {
      expect(server.http2.isOver).toBe(false);
      server.send(frame(FRAME.headers, WHOLE, nth * 2 + 1, block(...GET)));
    }
    expect([server.outcome(), server.requests.length]).toEqual(['goaway 11', 0]);
  });

  test('a client that lets content through byte by byte comes to its end', () => {
    const server = TestServer.open();
    server.send(frame(FRAME.settings, 0, 0, setting(4, 0)), get);
    server.requests[0]?.stream.write(Buffer.alloc(10_000));
    for (let nth = 0; nth < 101 && !server.http2.isOver; nth += 1) {
      server.send(frame(FRAME.windowUpdate, 0, 1, number(1)));
      server.sent();
    }
    expect(server.http2.code).toBe(11);
  });

  test('a client that acknowledges each frame of content for itself, large or small, and by two updates, is no flood', () => {
    const server = TestServer.open();
    server.send(get);
    const stream = server.requests[0]?.stream;
    for (let nth = 0; nth < 2_000; nth += 1) {
      stream?.write(Buffer.alloc(nth % 2 === 0 ? 16_384 : 5));
      for (const { type, payload } of server.sent()) {
        if (type !== FRAME.data) continue;
        const update = number(payload.length);
        server.send(frame(FRAME.windowUpdate, 0, 0, update), frame(FRAME.windowUpdate, 0, 1, update));
      }
    }
    expect([server.http2.isOver, stream?.queuedBytes]).toEqual([false, 0]);
  });

  test('a client that ends each of its requests by an empty frame is no flood', () => {
    const server = TestServer.open();
    for (let nth = 1; nth < 1_000; nth += 2) {
      server.send(frame(FRAME.headers, FLAG.endHeaders, nth, block(...POST)), data(5, 0, nth));
      server.send(data(0, FLAG.endStream, nth));
      server.requests.at(-1)?.stream.headers([[':status', '204']], true);
      server.sent();
    }
    expect([server.http2.isOver, server.requests.length]).toEqual([false, 500]);
  });

  test('time gives a client its frames back', () => {
    const server = TestServer.open();
    for (let second = 0; second < 300; second += 1) {
      server.nowMs += 1_000;
      server.send(frame(FRAME.ping, 0, 0, Buffer.alloc(8)));
    }
    expect(server.http2.isOver).toBe(false);
  });

  test('a long name that comes again and again costs no more than a short one in a block that is refused', () => {
    const leastMs = (name: string): number => {
      const server = TestServer.open({ resetBurst: 1_000 });
      server.send(frame(FRAME.headers, WHOLE, 1, block(...GET)));
      const length = name.length - 127;
      const entry = Buffer.from([0x40, 0x7f, (length & 0x7f) | 0x80, length >> 7]);
      const again = Buffer.concat(Array.from({ length: 4_000 }, () => Buffer.from([0x0f, 0x2f, 0])));
      const long = Buffer.concat([block(...GET), entry, Buffer.from(name), Buffer.from([0]), again]);
      const rounds = Array.from({ length: 8 }, (_, nth) => {
        const startedAt = performance.now();
        server.send(frame(FRAME.headers, WHOLE, nth * 2 + 3, long));
        return performance.now() - startedAt;
      });
      expect([server.outcome(), server.requests.length]).toEqual(['reset 11', 1]);
      return Math.min(...rounds);
    };
    expect(leastMs('a'.repeat(3_800))).toBeLessThan(5 * leastMs('a'.repeat(130)) + 1);
  });

  test('a block that refers to one long field a thousand times is refused, costs no copies, and leaves the table right', () => {
    const server = TestServer.open();
    const long = block(...GET, ['x', 'a'.repeat(200)]);
    server.send(frame(FRAME.headers, WHOLE, 1, long));
    // The youngest entry of the table is the long field.
    server.send(frame(FRAME.headers, WHOLE, 3, Buffer.alloc(16_000, 0xbe)));
    expect(server.outcome()).toBe('reset 11');
    server.send(frame(FRAME.headers, WHOLE, 5, Buffer.concat([block(...GET), Buffer.from([0xbf])])));
    expect(server.requests.length).toBe(2);
  });
});
