import { type FieldPair, HpackEncoder, Http2ClientConnection, Http2ServerConnection } from '@postern/http2';
import { expect, test } from 'vitest';
import { grownBy } from '../testing/grown-by.ts';

const LIMITS = {
  streamWindowBytes: 65_536,
  connectionWindowBytes: 1024 * 1024,
  heldBytesMax: 1024 * 1024,
  concurrentStreamsMax: 100,
  headerListBytes: 8_192,
  fieldList: { bytesMax: 8_192, fieldsMax: 50 },
  resetBurst: 1_000,
  resetsPerSecond: 1_000,
  controlBurst: 1_000,
  controlsPerSecond: 1_000,
  updateBurst: 10_000,
  malformedMax: 5,
};
const REQUEST: FieldPair[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'a.example'],
  [':path', '/'],
];
const BODY = Buffer.from('answer');

test('streams that come and go over both sides leave nothing behind that young collections cannot take', () => {
  const options = { limits: LIMITS, now: () => 0, onOutput() {} };
  const server = new Http2ServerConnection({
    ...options,
    onRequest(stream) {
      stream.headers([[':status', '200']], false);
      stream.write(BODY);
      stream.end([]);
    },
  });
  const client = new Http2ClientConnection(options);
  let begun = 0;
  let ended = 0;
  const open: { isClosed: boolean }[] = [];
  const grown = grownBy(() => {
    begun += 1;
    const stream = client.request(REQUEST, true);
    stream.start({ data() {}, end() {}, broken() {} });
    open.push(stream);
    if (open.length < 16) return;
    for (const piece of client.takeOutput()) server.receive(Buffer.from(piece));
    for (const piece of server.takeOutput()) client.receive(Buffer.from(piece));
    for (const piece of client.takeOutput()) server.receive(Buffer.from(piece));
    ended += open.filter(({ isClosed }) => isClosed).length;
    open.length = 0;
  });
  expect([ended, server.streamCount]).toEqual([begun, 0]);
  // The first collection also counts what is made once; a Map or a Set of streams keeps 300 and more.
  expect(grown).toBeLessThan(20);
});

test('an encoder that sees other values all the time leaves nothing behind that young collections cannot take', () => {
  const encoder = new HpackEncoder();
  const counter = Buffer.alloc(4);
  const encodeAnother = (nth: number): void => {
    // What String makes of a number is kept by a cache of the engine.
    counter.writeUInt32BE(nth);
    encoder.encode([['x-number', counter.toString('hex')]]);
  };
  // What is there at the first collection is old.
  for (let nth = 0; nth < 50; nth += 1) encodeAnother(nth);
  expect(grownBy(encodeAnother)).toBeLessThan(10);
});
