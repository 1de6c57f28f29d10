import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { buildHello, captureHello, serverNames, splitRecords, uint16 } from '../testing/client-hellos.ts';
import { ClientHelloReader, type HelloState } from './client-hello.ts';

const KIB64 = 65_536;

function read(bytes: Buffer, step = bytes.length, bytesMax = KIB64): HelloState {
  const reader = new ClientHelloReader(bytesMax);
  let state: HelloState = { state: 'more' };
  for (let start = 0; start < bytes.length && state.state === 'more'; start += step) {
    state = reader.push(bytes.subarray(start, start + step));
  }
  return state;
}

test('a hello reads the same whole, byte by byte, and in any number of records', async () => {
  const hello = await captureHello({ servername: 'API.example.org', ALPNProtocols: ['h2', 'http/1.1'] });
  expect(hello.length).toBeGreaterThan(1_400);
  const whole = read(hello);
  expect(whole).toEqual({
    state: 'hello',
    hello: {
      serverName: 'API.example.org',
      alpn: ['h2', 'http/1.1'],
      versions: [0x0304, 0x0303],
      tickets: [],
    },
  });
  expect(read(hello, 1)).toEqual(whole);
  for (const size of [Math.ceil(hello.length / 3), 40, 7, 1]) {
    const split = splitRecords(hello, size);
    expect(read(split)).toEqual(whole);
    expect(read(split, 11)).toEqual(whole);
    expect(read(split, 1)).toEqual(whole);
  }
});

test('TLS 1.2 alone, no ALPN and no name are told as they are', async () => {
  expect(read(await captureHello({ maxVersion: 'TLSv1.2' }))).toEqual({
    state: 'hello',
    hello: { serverName: null, alpn: null, versions: [0x0303], tickets: [] },
  });
  expect(read(buildHello([]))).toMatchObject({ state: 'hello', hello: { serverName: null } });
});

test('offered sessions are told: those of TLS 1.3 in order, then the ticket of TLS 1.2; an empty one is none', () => {
  const identity = (text: string) => [uint16(text.length), Buffer.from(text), Buffer.alloc(4)];
  const identities = Buffer.concat([...identity('first'), ...identity('second')]);
  const binders = Buffer.alloc(33, 32);
  const offered = Buffer.concat([uint16(identities.length), identities, uint16(binders.length), binders]);
  const hello = buildHello([
    [35, Buffer.from('older')],
    [41, offered],
  ]);
  expect(read(hello)).toMatchObject({
    hello: { tickets: ['first', 'second', 'older'].map((text) => Buffer.from(text)) },
  });
  expect(read(buildHello([[35, Buffer.alloc(0)]]))).toMatchObject({ hello: { tickets: [] } });
  expect(read(buildHello([[41, offered.subarray(0, -1)]]))).toMatchObject({ state: 'invalid' });
});

test.each([
  ['plain HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['an alert record', Buffer.from([21, 3, 3, 0, 2, 2, 40])],
  ['an SSLv2 hello', Buffer.from([0x80, 0x2e, 1, 3, 1])],
  ['a record of no bytes', Buffer.from([22, 3, 1, 0, 0])],
  ['a record over 16 KiB', Buffer.from([22, 3, 1, 0x40, 1])],
  ['another handshake message', Buffer.from([22, 3, 1, 0, 4, 2, 0, 0, 0])],
  [
    'an extension twice',
    buildHello([
      [0, serverNames([0, 'a.example'])],
      [0, serverNames([0, 'b.example'])],
    ]),
  ],
  ['two names', buildHello([[0, serverNames([0, 'a.example'], [0, 'b.example'])]])],
  ['a name of another type', buildHello([[0, serverNames([1, 'a.example'])]])],
  ['an empty name', buildHello([[0, serverNames([0, ''])]])],
  ['a name with NUL', buildHello([[0, serverNames([0, 'a.example\0.evil'])]])],
  ['a name with a line break', buildHello([[0, serverNames([0, 'a.example\nb'])]])],
  ['a name beyond ASCII', buildHello([[0, serverNames([0, 'bücher.example'])]])],
  [
    'a name longer than its list',
    buildHello([[0, Buffer.concat([uint16(9), Buffer.from([0, 0, 99]), Buffer.from('abcdef')])]]),
  ],
  [
    'bytes behind the name list',
    buildHello([[0, Buffer.concat([serverNames([0, 'a.example']), Buffer.from([0])])]]),
  ],
  ['an empty ALPN list', buildHello([[16, uint16(0)]])],
  ['an ALPN protocol without a name', buildHello([[16, Buffer.from([0, 1, 0])]])],
  ['half a version', buildHello([[43, Buffer.from([1, 3])]])],
])('%s is not a hello', (_, bytes) => {
  expect(read(bytes).state).toBe('invalid');
  expect(read(bytes, 1).state).toBe('invalid');
});

test('bytes behind the extensions, and extensions cut short, are not a hello', () => {
  const hello = buildHello([[0, serverNames([0, 'a.example'])]]);
  const longer = Buffer.concat([hello, Buffer.from([0])]);
  longer.writeUInt16BE(hello.length - 5 + 1, 3);
  longer.writeUIntBE(hello.length - 9 + 1, 6, 3);
  expect(read(longer).state).toBe('invalid');
  const shorter = Buffer.from(hello.subarray(0, -1));
  shorter.writeUInt16BE(hello.length - 5 - 1, 3);
  shorter.writeUIntBE(hello.length - 9 - 1, 6, 3);
  expect(read(shorter).state).toBe('invalid');
});

test('size is bounded, by what is announced and by what arrives', () => {
  expect(read(Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0]), 1, 4_096).state).toBe('invalid');
  const endless = splitRecords(
    Buffer.concat([Buffer.alloc(5), Buffer.from([1, 0, 0xff, 0]), Buffer.alloc(60_000)]),
    1,
  );
  expect(read(endless).state).toBe('invalid');
});

test('random bytes never throw', () => {
  for (let round = 0; round < 2_000; round += 1) {
    const body = randomBytes(round % 200);
    const framed = Buffer.concat([
      Buffer.from([22, 3, 1]),
      uint16(body.length + 4),
      Buffer.from([1, 0]),
      uint16(body.length),
      body,
    ]);
    expect(['more', 'invalid', 'hello']).toContain(read(framed).state);
  }
});
