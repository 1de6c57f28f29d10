import { expect, test } from 'vitest';
import { readApiEnv } from './env.ts';

test('without variables the documented defaults hold', () => {
  expect(readApiEnv({ XDG_DATA_HOME: '/var/xdg' })).toEqual({
    listen: [{ host: '127.0.0.1', port: 8700 }],
    dataDirectory: '/var/xdg/postern',
    databaseUrl: 'sqlite:/var/xdg/postern/postern.db',
    edgeTokenFile: '/var/xdg/postern/edge-token',
    hostnameDomain: 'localhost',
    hostnameVerification: false,
    publicEdge: { name: null, addresses: [] },
    publicHttpsPort: 8443,
  });
});

test('the public port is that of the HTTPS listener unless it is named', () => {
  expect(readApiEnv({ POSTERN_EDGE_HTTPS_LISTEN: '0.0.0.0:443' }).publicHttpsPort).toBe(443);
  const both = { POSTERN_EDGE_HTTPS_LISTEN: '0.0.0.0:8443', POSTERN_EDGE_PUBLIC_HTTPS_PORT: '443' };
  expect(readApiEnv(both).publicHttpsPort).toBe(443);
});

test('names are verified where certificates come from an ACME CA, unless that is said', () => {
  const acme = { POSTERN_ACME_DIRECTORY_URL: 'letsencrypt' };
  expect(readApiEnv(acme).hostnameVerification).toBe(true);
  expect(readApiEnv({ ...acme, POSTERN_HOSTNAME_VERIFICATION: 'off' }).hostnameVerification).toBe(false);
  expect(readApiEnv({ POSTERN_HOSTNAME_VERIFICATION: 'on' }).hostnameVerification).toBe(true);
});

test('what the world reaches the edges by is kept in one form', () => {
  const texts = {
    POSTERN_EDGE_PUBLIC_NAME: 'Edge.Example.org.',
    POSTERN_EDGE_PUBLIC_ADDRESSES: '192.0.2.7, 2001:DB8:0:0::7',
  };
  expect(readApiEnv(texts).publicEdge).toEqual({
    name: 'edge.example.org',
    addresses: ['192.0.2.7', '2001:db8::7'],
  });
});

test.each([
  ['POSTERN_HOSTNAME_VERIFICATION', 'yes'],
  ['POSTERN_EDGE_PUBLIC_NAME', '*.example.org'],
  ['POSTERN_EDGE_PUBLIC_ADDRESSES', '192.0.2.7,edge.example.org'],
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
