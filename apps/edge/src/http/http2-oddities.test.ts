import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { END_HEADERS, END_STREAM, FRAME, headerBlock, openRawHttp2 } from './testing/raw-http2.ts';
import { type RecordingUpstream, startRecordingUpstream } from './testing/recording-upstream.ts';

const HOST = 'odd.example.org';
let fixture: HttpFixture;
let upstream: RecordingUpstream;
beforeAll(async () => {
  fixture = await startHttpFixture();
  upstream = await startRecordingUpstream();
  await fixture.putHost(HOST, upstream.port);
});
afterAll(async () => {
  await fixture.close();
  await upstream.close();
});
beforeEach(() => upstream.clear());

type Fields = readonly (readonly [string, string | Buffer])[];

const request = (method: string, path: string, authority = HOST): Fields => [
  [':method', method],
  [':scheme', 'https'],
  [':authority', authority],
  [':path', path],
];

/** How one head on a fresh connection ends: the problem code, `reset`, the body, or `nothing`. */
async function outcomeOf(fields: Fields): Promise<string> {
  const client = await openRawHttp2(fixture.edge, HOST);
  client.send(FRAME.headers, END_HEADERS | END_STREAM, 1, headerBlock(fields));
  const last = await client.receive(
    ({ type, flags, stream }) => stream === 1 && (type === FRAME.reset || (flags & END_STREAM) !== 0),
  );
  client.socket.destroy();
  if (last === undefined) return 'nothing';
  if (last.type === FRAME.reset) return 'reset';
  return /"code":"(\w+)"/.exec(client.bodyOf(1))?.[1] ?? client.bodyOf(1);
}

describe('a head that HTTP/2 forbids, or that HTTP/1.1 would read in another way, reaches no upstream', () => {
  const plain = request('GET', '/');
  test.each([
    ['upper case in a name', [...plain, ['X-A', '1']], 'reset'],
    ['connection', [...plain, ['connection', 'close']], 'reset'],
    ['keep-alive', [...plain, ['keep-alive', 'timeout=5']], 'reset'],
    ['proxy-connection', [...plain, ['proxy-connection', 'x']], 'reset'],
    ['transfer-encoding', [...request('POST', '/'), ['transfer-encoding', 'chunked']], 'reset'],
    ['upgrade', [...plain, ['upgrade', 'websocket']], 'reset'],
    ['te other than trailers', [...plain, ['te', 'gzip']], 'reset'],
    ['a path without slash', request('GET', 'x'), 'reset'],
    ['an empty path', request('GET', ''), 'reset'],
    ['* with GET', request('GET', '*'), 'reset'],
    ['an absolute path', request('GET', `https://${HOST}/`), 'reset'],
    ['a line break in the path', request('GET', '/ HTTP/1.1\r\nX-A: b'), 'reset'],
    ['two :authority', [...plain.slice(0, 3), [':authority', 'other.example.org'], [':path', '/']], 'reset'],
    ['two :path', [...plain, [':path', '/b']], 'reset'],
    ['a pseudo-header field after a field', [...plain.slice(0, 3), ['x-a', 'b'], [':path', '/']], 'reset'],
    ['an unknown pseudo-header field', [...plain.slice(0, 3), [':foo', 'b'], [':path', '/']], 'reset'],
    ['neither :authority nor host', [...plain.slice(0, 2), [':path', '/']], 'reset'],
    ['two hosts', [...plain, ['host', HOST], ['host', HOST]], 'reset'],
    ['a host that differs', [...plain, ['host', 'other.example.org']], 'bad_request'],
    ['a content-length without content', [...plain, ['content-length', '5']], 'reset'],
    ['two content-lengths', [...plain, ['content-length', '0'], ['content-length', '0']], 'reset'],
    [
      'a :protocol (RFC 8441)',
      [[':method', 'CONNECT'], [':protocol', 'websocket'], ...plain.slice(1)],
      'reset',
    ],
    [
      'CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', HOST],
      ],
      'unsupported_method',
    ],
    ['TRACE', request('TRACE', '/'), 'unsupported_method'],
    ['trace', request('trace', '/'), 'unsupported_method'],
    ['connect', request('connect', '/'), 'unsupported_method'],
    ['get', request('get', '/'), 'unsupported_method'],
    ['an unknown method', request('FOO', '/'), 'unsupported_method'],
    ['a line break in the method', request('GET / HTTP/1.1\r\nA: b\r\n', '/'), 'reset'],
  ] as readonly (readonly [string, Fields, string])[])('%s', async (_name, fields, outcome) => {
    expect(await outcomeOf(fields)).toBe(outcome);
    expect(upstream.text()).toBe('');
  });
});

test.each([
  ['a line break in a value', ['x-a', '1\r\nX-B: 2']],
  ['a bare LF in a value', ['x-a', '1\nX-B: 2']],
  ['a NUL in a value', ['x-a', '1\0']],
  ['a space in a name', ['x a', '1']],
  ['a colon in a name', ['x:a', '1']],
  ['a line break in a name', ['x\r\ny', '1']],
  ['no name', ['', '1']],
] as const)('a field with %s is never written to an upstream', async (_name, field) => {
  await outcomeOf([...request('GET', '/'), field]);
  expect(upstream.text()).not.toMatch(/^(x.?a|x-b|x$|y|)[ :]/im);
});

test('a value beyond ASCII goes on byte for byte', async () => {
  expect(await outcomeOf([...request('GET', '/'), ['x-a', Buffer.from('caf\u00e9 \u2603')]])).toBe('ok');
  expect(Buffer.from(upstream.text(), 'latin1').toString()).toContain('x-a: caf\u00e9 \u2603\r\n');
});

describe('a flood of frames that cost the client nothing ends its connection', () => {
  const open = Buffer.from([0, 0, 0, 0]);
  test.each([
    ['empty DATA', FRAME.data, 1, Buffer.alloc(0)],
    ['SETTINGS', FRAME.settings, 0, Buffer.alloc(0)],
    ['PING, unread', FRAME.ping, 0, Buffer.alloc(8)],
    ['CONTINUATION', FRAME.continuation, 3, headerBlock([['x-a', 'a'.repeat(1_000)]])],
    ['RST_STREAM of an idle stream', FRAME.reset, 5, open],
  ])('%s', async (name, type, stream, payload) => {
    const client = await openRawHttp2(fixture.edge, HOST);
    client.send(FRAME.headers, END_HEADERS, 1, headerBlock(request('POST', '/')));
    if (name === 'CONTINUATION') client.send(FRAME.headers, 0, 3, headerBlock(request('GET', '/')));
    if (name.endsWith('unread')) client.socket.pause();
    for (let sent = 0; sent < 40_000 && !client.socket.destroyed; sent += 100) {
      for (let burst = 0; burst < 100; burst += 1) client.send(type, 0, stream, payload);
      await new Promise(setImmediate);
    }
    client.socket.resume();
    await client.receive(() => false, 30_000);
    expect(client.closed()).toBe(true);
    expect(await outcomeOf(request('GET', '/'))).toBe('ok');
  });
});
