import { expect, test } from 'vitest';
import { parseListenAddresses, writeListenAddress } from './listen-addresses.ts';

test('HOST:PORT and [v6]:PORT, several by comma, are read and written back', () => {
  const text = '127.0.0.1:8700, [::1]:8700,api.internal:0';
  const addresses = parseListenAddresses(text, 'X');
  expect(addresses).toEqual([
    { host: '127.0.0.1', port: 8700 },
    { host: '::1', port: 8700 },
    { host: 'api.internal', port: 0 },
  ]);
  expect(addresses.map(writeListenAddress).join(',')).toBe(text.replaceAll(' ', ''));
});

test.each([
  ['8700', 'is not HOST:PORT'],
  [':8700', 'is not a host'],
  ['127.0.0.1', 'is not HOST:PORT'],
  ['::1:8700', 'an IPv6 address stands in brackets'],
  ['[127.0.0.1]:8700', 'is not an IPv6 address'],
  ['127.0.0.1:65536', 'at most 65535'],
  ['127.0.0.1:1,127.0.0.1:1', 'is there twice'],
  ['a b:1', 'is not a host'],
  ['127.0.0.1:1,', 'is not HOST:PORT'],
])('%j is refused, naming the variable', (text, message) => {
  expect(() => parseListenAddresses(text, 'POSTERN_API_LISTEN')).toThrow(
    expect.objectContaining({ code: 'validation_failed', detail: expect.stringContaining(message) }),
  );
  expect(() => parseListenAddresses(text, 'POSTERN_API_LISTEN')).toThrow('POSTERN_API_LISTEN: ');
});
