import { expect, test } from 'vitest';
import { ProxyHeaderReader } from './proxy-protocol.ts';

const V2 = '0d0a0d0a000d0a515549540a';

function v2(command: number, family: number, body: Buffer): Buffer {
  const head = Buffer.concat([
    Buffer.from(V2, 'hex'),
    Buffer.from([command, family, body.length >> 8, body.length & 255]),
  ]);
  return Buffer.concat([head, body]);
}

function read(bytes: Buffer, step = bytes.length) {
  const reader = new ProxyHeaderReader();
  for (let start = 0; start < bytes.length; start += step) {
    const state = reader.push(bytes.subarray(start, start + step));
    if (state.state === 'header')
      return {
        address: state.address,
        rest: state.rest.toString() + bytes.subarray(start + step).toString(),
      };
    if (state.state === 'invalid') return 'invalid';
  }
  return 'more';
}

const v4 = Buffer.from([192, 0, 2, 7, 198, 51, 100, 1, 0x1f, 0x90, 1, 0xbb]);
const v6 = Buffer.concat([
  Buffer.from('20010db8000000000000000000000001', 'hex'),
  Buffer.alloc(16),
  Buffer.from([0x1f, 0x90, 1, 0xbb]),
]);
const mapped = Buffer.concat([
  Buffer.from('00000000000000000000ffffc0000207', 'hex'),
  Buffer.alloc(16),
  Buffer.from([0x1f, 0x90, 1, 0xbb]),
]);

test.each([
  [
    'v1 over IPv4',
    Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 8080 443\r\n'),
    { address: '192.0.2.7', port: 8080 },
  ],
  [
    'v1 over IPv6',
    Buffer.from('PROXY TCP6 2001:DB8::1 ::1 8080 443\r\n'),
    { address: '2001:db8::1', port: 8080 },
  ],
  ['v1 unknown', Buffer.from('PROXY UNKNOWN\r\n'), null],
  ['v2 over IPv4', v2(0x21, 0x11, v4), { address: '192.0.2.7', port: 8080 }],
  [
    'v2 over IPv4 with TLVs',
    v2(0x21, 0x11, Buffer.concat([v4, Buffer.alloc(50)])),
    { address: '192.0.2.7', port: 8080 },
  ],
  ['v2 over IPv6', v2(0x21, 0x21, v6), { address: '2001:db8::1', port: 8080 }],
  ['v2 with a mapped address', v2(0x21, 0x21, mapped), { address: '192.0.2.7', port: 8080 }],
  ['v2 LOCAL', v2(0x20, 0x00, Buffer.alloc(0)), null],
])('%s is read whole and byte by byte, and takes nothing that follows', (_, header, address) => {
  const bytes = Buffer.concat([header, Buffer.from('TLS')]);
  expect(read(bytes)).toEqual({ address, rest: 'TLS' });
  expect(read(bytes, 1)).toEqual({ address, rest: 'TLS' });
});

test.each([
  ['a ClientHello', Buffer.from([22, 3, 1, 0, 5])],
  ['a v1 line without an end', Buffer.from(`PROXY TCP4 ${'1'.repeat(120)}`)],
  ['families that differ', Buffer.from('PROXY TCP4 2001:db8::1 ::1 8080 443\r\n')],
  ['a port that is none', Buffer.from('PROXY TCP4 192.0.2.7 198.51.100.1 80800 443\r\n')],
  ['a v2 command that is none', v2(0x2f, 0x11, v4)],
  ['a v2 family that is none', v2(0x21, 0x31, v4)],
  ['a v2 address cut short', v2(0x21, 0x11, v4.subarray(0, 8))],
  ['a v2 header over 4 KiB', v2(0x21, 0x11, Buffer.alloc(5_000))],
])('%s is refused', (_, bytes) => {
  expect(read(bytes)).toBe('invalid');
});
