import { expect, test } from 'vitest';
import { readApiEnv } from './env.ts';
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

test('without variables the documented defaults hold', () => {
  expect(readApiEnv({ XDG_DATA_HOME: '/var/xdg' })).toEqual({
    listen: [{ host: '127.0.0.1', port: 8700 }],
    dataDirectory: '/var/xdg/postern',
    databaseUrl: 'sqlite:/var/xdg/postern/postern.db',
    edgeTokenFile: '/var/xdg/postern/edge-token',
    hostnameDomain: 'localhost',
    publicHttpsPort: 8443,
  });
});

test('the public port is that of the HTTPS listener unless it is named', () => {
  expect(readApiEnv({ POSTERN_EDGE_HTTPS_LISTEN: '0.0.0.0:443' }).publicHttpsPort).toBe(443);
  const both = { POSTERN_EDGE_HTTPS_LISTEN: '0.0.0.0:8443', POSTERN_EDGE_PUBLIC_HTTPS_PORT: '443' };
  expect(readApiEnv(both).publicHttpsPort).toBe(443);
});

test.each([
  ['POSTERN_HOSTNAME_DOMAIN', '*.example.org'],
  ['POSTERN_HOSTNAME_DOMAIN', 'not a domain'],
  ['POSTERN_DATABASE_URL', 'postgres://x'],
  ['POSTERN_DATABASE_URL', 'sqlite:'],
  ['POSTERN_EDGE_PUBLIC_HTTPS_PORT', '0'],
  ['POSTERN_EDGE_PUBLIC_HTTPS_PORT', '99999'],
])('%s=%s is refused by name', (variable, value) => {
  expect(() => readApiEnv({ [variable]: value })).toThrow(`${variable}: `);
});
