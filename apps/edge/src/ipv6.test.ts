import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { readEdgeEnv } from './env.ts';
import { type RunningEdge, startEdge } from './supervisor.ts';
import { hostDocumentOf, upstreamTo } from './testing/feed-documents.ts';
import { type FeedStandIn, startFeedStandIn } from './testing/feed-stand-in.ts';
import { runCommand } from './testing/openssl-client.ts';

const HOST = 'a.example';

let directory: string;
let api: FeedStandIn;
let edge: RunningEdge;
let upstream: Server;
const reached: IncomingHttpHeaders[] = [];

/** An edge that listens on ::1 alone, before an upstream on ::1. */
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-ipv6-'));
  upstream = createServer((request, response) => {
    reached.push(request.headers);
    response.end('served');
  });
  upstream.listen(0, '::1');
  await once(upstream, 'listening');
  writeFileSync(join(directory, 'edge-token'), 'edge-token');
  api = await startFeedStandIn();
  writeFileSync(join(directory, 'ca.pem'), api.authority.certPem);
  edge = await startEdge({
    ...readEdgeEnv({
      POSTERN_DATA_DIR: directory,
      POSTERN_EDGE_HTTPS_LISTEN: '[::1]:0',
      POSTERN_EDGE_HTTP_LISTEN: '[::1]:0',
      POSTERN_EDGE_ADMIN_LISTEN: '[::1]:0',
      POSTERN_EDGE_API_URL: api.url,
      POSTERN_EDGE_WORKERS: '1',
      POSTERN_ACCESS_LOG: 'off',
    }),
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });
  await edge.ready();
  await api.putHost(HOST);
  const { port } = upstream.address() as AddressInfo;
  const echo = upstreamTo('http', port);
  const revision = api.put(
    'host',
    HOST,
    hostDocumentOf(HOST, {
      services: { echo: { ...echo, targets: [{ protocol: 'http', host: '::1', port }] } },
    }),
  );
  await vi.waitFor(() => expect(api.reports.at(-1)?.appliedRevision).toBe(revision), { timeout: 30_000 });
});
afterAll(async () => {
  await edge.close();
  await api.close();
  upstream.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  reached.length = 0;
});

function curl(...args: string[]) {
  return runCommand('curl', ['-sg', '--max-time', '60', '--cacert', join(directory, 'ca.pem'), ...args]);
}

test.each(['--http1.1', '--http2'])(
  'a request over ::1 reaches its upstream on ::1 (%s)',
  async (protocol) => {
    const port = edge.addresses.https[0]?.port ?? 0;
    const { stdout } = await curl(protocol, '--resolve', `${HOST}:${port}:[::1]`, `https://${HOST}:${port}/`);
    expect(stdout).toBe('served');
    expect(reached).toMatchObject([{ 'x-forwarded-for': '::1', 'x-forwarded-port': String(port) }]);
  },
);

test('plain HTTP over ::1 is sent on to HTTPS, and the admin listener answers there', async () => {
  const port = edge.addresses.http[0]?.port ?? 0;
  const answer = await curl('-i', '-H', `Host: ${HOST}`, `http://[::1]:${port}/x`);
  expect(answer.stdout).toMatch(/^HTTP\/1\.1 308 /);
  expect(answer.stdout).toContain(`location: https://${HOST}:${edge.addresses.https[0]?.port}/x`);
  expect((await curl(`http://[::1]:${edge.addresses.admin[0]?.port}/readyz`)).stdout).toContain(
    '"ready":true',
  );
});
