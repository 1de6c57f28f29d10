import { totalmem } from 'node:os';
import { expect, test } from 'vitest';
import { readEdgeEnv, workerEnv } from './env.ts';

test('the defaults are those of the documentation', () => {
  expect(readEdgeEnv({ POSTERN_DATA_DIR: '/data' })).toMatchObject({
    httpsListen: [{ host: '127.0.0.1', port: 8443 }],
    httpListen: [{ host: '127.0.0.1', port: 8080 }],
    adminListen: [{ host: '127.0.0.1', port: 8701 }],
    publicHttpsPort: null,
    apiUrl: 'http://127.0.0.1:8700',
    tokenFile: '/data/edge-token',
    dataDirectory: '/data/edge',
    proxyProtocolFrom: [],
    accessLog: 'json',
    minVersion: 'TLSv1.2',
    limits: { connectionsMax: 20_000, connectionsPerAddressMax: 2_000 },
  });
  // However many share a small machine.
  expect(readEdgeEnv({ POSTERN_EDGE_WORKERS: '256' }).limits.memoryBytes).toBeGreaterThanOrEqual(
    256 * 1024 ** 2,
  );
  expect(readEdgeEnv({ POSTERN_EDGE_WORKERS: '1' }).limits.memoryBytes).toBeLessThan(totalmem());
  expect(readEdgeEnv({ XDG_DATA_HOME: '/xdg' }).dataDirectory).toBe('/xdg/postern/edge');
});

test('every variable is read', () => {
  const env = readEdgeEnv({
    POSTERN_EDGE_HTTPS_LISTEN: '0.0.0.0:443, [::1]:443, [::ffff:127.0.0.1]:444',
    POSTERN_EDGE_PUBLIC_HTTPS_PORT: '443',
    POSTERN_EDGE_WORKERS: '3',
    POSTERN_EDGE_API_URL: 'https://api.example.org/postern/',
    POSTERN_EDGE_TOKEN_FILE: '/run/token',
    POSTERN_EDGE_DATA_DIR: '/edge',
    POSTERN_EDGE_PROXY_PROTOCOL: '10.0.0.0/8, fd00::/8,192.0.2.1',
    POSTERN_ACCESS_LOG: 'off',
    POSTERN_TLS_MIN_VERSION: '1.3',
    POSTERN_EDGE_CONNECTIONS: '500',
    POSTERN_EDGE_CONNECTIONS_PER_ADDRESS: 'off',
    POSTERN_EDGE_MEMORY_MIB: '300',
  });
  expect(env).toMatchObject({
    httpsListen: [
      { host: '0.0.0.0', port: 443 },
      { host: '::1', port: 443 },
      { host: '127.0.0.1', port: 444 },
    ],
    publicHttpsPort: 443,
    workers: 3,
    apiUrl: 'https://api.example.org/postern',
    tokenFile: '/run/token',
    dataDirectory: '/edge',
    proxyProtocolFrom: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
    accessLog: 'off',
    minVersion: 'TLSv1.3',
    limits: { connectionsMax: 500, connectionsPerAddressMax: null, memoryBytes: 300 * 1024 ** 2 },
  });
});

test.each([
  ['POSTERN_EDGE_HTTPS_LISTEN', '8443'],
  ['POSTERN_EDGE_HTTPS_LISTEN', '::1:8443'],
  ['POSTERN_EDGE_HTTPS_LISTEN', '127.0.0.1:65536'],
  ['POSTERN_EDGE_HTTPS_LISTEN', '127.0.0.1:1,127.0.0.1:1'],
  ['POSTERN_EDGE_HTTP_LISTEN', '*:80'],
  ['POSTERN_EDGE_ADMIN_LISTEN', '127.0.0.1:'],
  ['POSTERN_EDGE_PUBLIC_HTTPS_PORT', '0'],
  ['POSTERN_EDGE_WORKERS', '0'],
  ['POSTERN_EDGE_WORKERS', '1e1'],
  ['POSTERN_EDGE_CONNECTIONS', 'off'],
  ['POSTERN_EDGE_CONNECTIONS_PER_ADDRESS', '0'],
  ['POSTERN_EDGE_MEMORY_MIB', '1.5'],
  ['POSTERN_EDGE_API_URL', 'ftp://api'],
  ['POSTERN_EDGE_API_URL', 'http://user:pass@api'],
  ['POSTERN_EDGE_PROXY_PROTOCOL', 'on'],
  ['POSTERN_EDGE_PROXY_PROTOCOL', '10.0.0.0/33'],
  ['POSTERN_EDGE_PROXY_PROTOCOL', '10.0.0.0/8/8'],
  ['POSTERN_TLS_MIN_VERSION', '1.1'],
])('%s=%s is refused by name', (variable, value) => {
  expect(() => readEdgeEnv({ [variable]: value })).toThrow(new RegExp(`^${variable}: `));
});

test('workers ask for large pages, and an operator has the last word', () => {
  expect(workerEnv({ KEPT: '1' })).toMatchObject({ KEPT: '1', GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' });
  const own = 'glibc.malloc.hugetlb=0:glibc.malloc.arena_max=1';
  expect(workerEnv({ GLIBC_TUNABLES: own }).GLIBC_TUNABLES).toBe(`glibc.malloc.hugetlb=1:${own}`);
});
