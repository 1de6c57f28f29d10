import { performServerHandshake } from 'node:http2';
import { duplexPair } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FLAG, FRAME, PREFACE } from './frames.ts';
import type { FieldPair } from './header-field.ts';
import { HpackDecoder } from './hpack-decoder.ts';
import { HpackEncoder } from './hpack-encoder.ts';
import { frame, TEST_LIMITS, TestServer } from './testing/wire.ts';

/** Mutated connections per run; `npm run fuzz:http2` sets more. */
const MUTATIONS = Number(process.env.POSTERN_FUZZ_HTTP2_MUTATIONS ?? 1_500);
const SEED = process.env.POSTERN_FUZZ_SEED === 'random' ? {} : { seed: 7 };

/** Requests by stream: the head as sorted lines, and the body where it came in whole. */
type Seen = Map<number, { readonly head: string; body: string | null }>;

const headOf = (pairs: readonly FieldPair[]): string =>
  pairs.map(([name, value]) => `${name}: ${value}`).join('\n');

function seenByUs(pieces: readonly Buffer[]): Seen {
  const server = new TestServer();
  for (const piece of pieces) server.send(piece);
  const seen: Seen = new Map();
  for (const { stream, head, hasBody } of server.requests) {
    const one = { head: headOf(head.fields), body: hasBody ? null : '' };
    const pseudo = [head.method, head.scheme, head.authority ?? '', head.path].join(' ');
    seen.set(stream.id, Object.assign(one, { head: `${pseudo}\n${one.head}` }));
    let body = '';
    if (!hasBody) continue;
    stream.start({
      data: (chunk) => (body += chunk.toString('latin1')),
      end: () => (one.body = body),
      broken() {},
    });
  }
  return seen;
}

/** The same by nghttp2, which is what Node's HTTP/2 is. */
async function seenByNode(pieces: readonly Buffer[]): Promise<{ seen: Seen; isCut: boolean }> {
  const [client, side] = duplexPair();
  const session = performServerHandshake(
    side as never,
    {
      settings: { maxConcurrentStreams: TEST_LIMITS.concurrentStreamsMax },
      maxSessionInvalidFrames: 1_000,
      strictSingleValueFields: false,
    } as object,
  );
  const seen: Seen = new Map();
  let isCut = false;
  // NGHTTP2_ERR_PROTO: Node ends the session of a stream whose content is not what its head promised.
  session.on('error', (error: Error & { errno?: number }) => {
    isCut = error.errno === -505;
  });
  session.on('stream', (stream, _headers, _flags, raw: unknown) => {
    const flat = Array.isArray(raw) ? raw.map(String) : [];
    const pairs = Array.from(
      { length: flat.length / 2 },
      (_, at) => [flat[at * 2] ?? '', flat[at * 2 + 1] ?? ''] as const,
    );
    const pseudo = [':method', ':scheme', ':authority', ':path'].map(
      (name) => pairs.find(([key]) => key === name)?.[1] ?? '',
    );
    const one = {
      head: `${pseudo.join(' ')}\n${headOf(pairs.filter(([name]) => !name.startsWith(':')))}`,
      body: null as string | null,
    };
    seen.set(stream.id ?? 0, one);
    let body = '';
    stream.on('error', () => {});
    stream.on('data', (chunk: Buffer) => (body += chunk.toString('latin1')));
    stream.on('end', () => {
      if (!stream.aborted && stream.rstCode === 0) one.body = body;
    });
  });
  client.on('error', () => {});
  client.resume();
  for (const piece of pieces) if (!client.destroyed) client.write(piece);
  for (let waited = 0; waited < 6; waited += 1) await turn();
  session.destroy();
  client.destroy();
  return { seen, isCut };
}

const mostly = <T>(usual: readonly T[], odd: readonly T[]) =>
  fc.oneof(
    { weight: 12, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
const name = mostly(
  ['x-a', 'cookie', 'accept', 'x-very-long-name'],
  ['te', 'content-length', 'host', 'X-B', 'connection', 'x b', '', ':path'],
);
const value = mostly(
  ['1', 'b', '', 'a.example', 'caf\xe9', 'x'.repeat(200)],
  ['trailers', '3', ' x', 'x\t', 'a\r\nb'],
);
const request = fc.record({
  method: mostly(['GET', 'POST', 'OPTIONS'], ['CONNECT', 'G T', '']),
  path: mostly(['/', '/a?b'], ['*', 'a', '', '/ b']),
  fields: fc.array(fc.tuple(name, value), { maxLength: 3 }),
  body: fc.array(fc.constantFrom('', 'abc', 'z'.repeat(300)), { maxLength: 3 }),
  isPadded: fc.boolean(),
});

/** A connection with several requests, each with its frames. */
function bytesOf(requests: readonly (typeof request extends fc.Arbitrary<infer R> ? R : never)[]): Buffer {
  const encoder = new HpackEncoder();
  const frames = requests.flatMap(({ method, path, fields, body, isPadded }, nth) => {
    const id = nth * 2 + 1;
    const head = Buffer.from(
      encoder.encode([
        [':method', method],
        [':scheme', 'https'],
        [':authority', 'a.example'],
        [':path', path],
        ...fields,
      ]),
    );
    const last = body.length === 0 ? FLAG.endStream : 0;
    const cut = isPadded ? Math.floor(head.length / 2) : head.length;
    return [
      frame(FRAME.headers, last | (cut === head.length ? FLAG.endHeaders : 0), id, head.subarray(0, cut)),
      ...(cut === head.length ? [] : [frame(FRAME.continuation, FLAG.endHeaders, id, head.subarray(cut))]),
      ...body.map((text, at) =>
        frame(
          FRAME.data,
          (at === body.length - 1 ? FLAG.endStream : 0) | (isPadded ? FLAG.padded : 0),
          id,
          isPadded ? Buffer.from(`\x02${text}\0\0`, 'latin1') : Buffer.from(text),
        ),
      ),
    ];
  });
  return Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0), ...frames]);
}

const mutation = fc.record({
  at: fc.nat(),
  kind: fc.constantFrom('flip', 'set', 'insert', 'remove', 'none', 'none'),
  byte: fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 4, 5, 8, 9, 0x20, 0x40, 0x80, 0xff)),
});

function mutate(
  bytes: Buffer,
  { at, kind, byte }: typeof mutation extends fc.Arbitrary<infer M> ? M : never,
): Buffer {
  // The preface and SETTINGS stay: without them nothing is read.
  const start = PREFACE.length + 9;
  const place = start + (at % Math.max(1, bytes.length - start));
  const changed = Buffer.from(bytes);
  if (kind === 'flip') changed[place] = (changed[place] ?? 0) ^ (1 << (byte % 8));
  if (kind === 'set') changed[place] = byte;
  if (kind === 'insert')
    return Buffer.concat([bytes.subarray(0, place), Buffer.from([byte]), bytes.subarray(place)]);
  if (kind === 'remove') return Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + 1)]);
  return changed;
}

test('what is taken of a mutated connection, nghttp2 takes as well, and reads in the same way', {
  timeout: 600_000,
}, async () => {
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(request, { minLength: 1, maxLength: 4 }),
      fc.array(mutation, { maxLength: 2 }),
      async (requests, mutations) => {
        const bytes = mutations.reduce(mutate, bytesOf(requests));
        const ours = seenByUs([bytes]);
        const { seen: theirs, isCut } = await seenByNode([bytes]);
        for (const [id, { head, body }] of ours) {
          if (isCut && !theirs.has(id)) break;
          taken += 1;
          expect(theirs.get(id)?.head).toBe(head);
          if (body !== null && theirs.get(id)?.body !== null) expect(theirs.get(id)?.body).toBe(body);
        }
      },
    ),
    { numRuns: MUTATIONS, ...SEED },
  );
  expect(taken).toBeGreaterThan(MUTATIONS / 2);
});

test('how a connection is cut into pieces changes nothing', () => {
  fc.assert(
    fc.property(
      fc.array(request, { minLength: 1, maxLength: 3 }),
      fc.array(mutation, { maxLength: 1 }),
      fc.integer({ min: 1, max: 40 }),
      (requests, mutations, size) => {
        const bytes = mutations.reduce(mutate, bytesOf(requests));
        const pieces: Buffer[] = [];
        for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
        expect(seenByUs(pieces)).toEqual(seenByUs([bytes]));
      },
    ),
    { numRuns: 300, ...SEED },
  );
});

test('what the encoder writes over the life of a connection, the decoder reads, at any table size', () => {
  const field = fc.tuple(
    fc.oneof(
      fc.constantFrom(':status', 'date', 'server', 'set-cookie', 'x'),
      fc.stringMatching(/^[a-z]{1,60}$/),
    ),
    fc.oneof(fc.constantFrom('200', 'postern', ''), fc.stringMatching(/^[\x20-\xff]{0,300}$/)),
    fc.boolean(),
  );
  const pairOf = ([name, value, neverIndexed]: readonly [string, string, boolean]): FieldPair =>
    neverIndexed ? [name, value, true] : [name, value];
  const secret = (pair: FieldPair): FieldPair => (pair[0] === 'set-cookie' ? [pair[0], pair[1], true] : pair);
  const step = fc.record({
    fields: fc.array(field, { maxLength: 12 }),
    table: fc.option(fc.constantFrom(0, 64, 300, 4_096, 9_000)),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder({ bytesMax: 1_000_000, fieldsMax: 1_000 });
      for (const { fields, table } of steps) {
        if (table !== null) encoder.resize(table);
        const pairs = fields.map(pairOf);
        expect(decoder.decode(encoder.encode(pairs))?.map(({ pair }) => pair)).toEqual(pairs.map(secret));
      }
    }),
    { numRuns: 200, ...SEED },
  );
});

test('the answers of a server are read by nghttp2 as they were meant', async () => {
  const { connect } = await import('node:http2');
  const server = new TestServer();
  const [client, side] = duplexPair();
  const write = (): void => {
    for (const piece of server.http2.takeOutput()) side.write(piece);
  };
  side.on('data', (piece: Buffer) => {
    server.send(piece);
    for (const { stream, head } of server.requests.splice(0)) {
      stream.headers(
        [
          [':status', '200'],
          ['x-path', head.path],
          ['x-long', 'y'.repeat(20_000)],
        ],
        false,
      );
      stream.write(Buffer.alloc(70_000, 'z'));
      stream.end([['x-sum', '1']]);
    }
    write();
  });
  const session = connect('https://a.example', { createConnection: () => client as never });
  for (const path of ['/', '/a~b|c^d', `/${'%<>{}"'.repeat(20)}`]) {
    const answer = session.request({ ':path': path });
    let bytes = 0;
    const trailers: unknown[] = [];
    answer.on('data', (chunk: Buffer) => (bytes += chunk.length));
    answer.on('trailers', (fields) => trailers.push(fields['x-sum']));
    const head = await new Promise<Record<string, unknown>>((resolve) => answer.once('response', resolve));
    await new Promise((resolve) => answer.once('close', resolve));
    expect([head['x-path'], bytes, trailers]).toEqual([path, 70_000, ['1']]);
  }
  session.destroy();
});
