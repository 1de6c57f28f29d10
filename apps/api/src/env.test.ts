import { expect, test } from 'vitest';
import { readApiEnv } from './env.ts';

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
  ['POSTERN_HOSTNAME_DOMAIN', `${'a'.repeat(60)}.`.repeat(4)],
  ['POSTERN_DATABASE_URL', 'postgres://x'],
  ['POSTERN_DATABASE_URL', 'sqlite:'],
  ['POSTERN_EDGE_PUBLIC_HTTPS_PORT', '0'],
  ['POSTERN_EDGE_PUBLIC_HTTPS_PORT', '99999'],
])('%s=%s is refused by name', (variable, value) => {
  expect(() => readApiEnv({ [variable]: value })).toThrow(`${variable}: `);
});
