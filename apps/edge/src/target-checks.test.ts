import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log, TargetReport, Upstream } from '@postern/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readEdgeEnv } from './env.ts';
import { listenOn, type TestServer } from './http/testing/echo-upstream.ts';
import { type RunningEdge, startEdge } from './supervisor.ts';
import { hostDocumentOf, upstreamTo } from './testing/feed-documents.ts';
import { type FeedStandIn, startFeedStandIn } from './testing/feed-stand-in.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const WAIT = { timeout: 30_000, interval: 20 };
const HOST = 'a.example';

let directory: string;
let api: FeedStandIn;
let edge: RunningEdge;
const servers: TestServer[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-checks-'));
  writeFileSync(join(directory, 'edge-token'), 'edge-token\n');
  api = await startFeedStandIn();
  writeFileSync(join(directory, 'ca.pem'), api.authority.certPem);
  const env = readEdgeEnv({
    POSTERN_DATA_DIR: directory,
    POSTERN_EDGE_HTTPS_LISTEN: '127.0.0.1:0',
    POSTERN_EDGE_HTTP_LISTEN: '127.0.0.1:0',
    POSTERN_EDGE_ADMIN_LISTEN: '127.0.0.1:0',
    POSTERN_EDGE_API_URL: api.url,
    POSTERN_EDGE_WORKERS: '2',
    POSTERN_ACCESS_LOG: 'off',
  });
  edge = await startEdge({ ...env, log: silent });
  await edge.ready();
  await api.connected();
  await api.putHost(HOST);
});
afterEach(async () => {
  await edge.close();
  await api.close();
  for (const server of servers.splice(0)) await server.close();
  rmSync(directory, { recursive: true, force: true });
});

interface Toggled {
  readonly port: number;
  healthy: boolean;
  checks: number;
}

/** A service that says its port, and is healthy as long as it is told to be. */
async function startToggled(): Promise<Toggled> {
  const toggled: Toggled = { port: 0, healthy: true, checks: 0 };
  const started = await listenOn(
    createServer((incoming, response) => {
      if (incoming.url !== '/healthz') {
        response.end(String(started.port));
        return;
      }
      toggled.checks += 1;
      response.writeHead(toggled.healthy ? 200 : 503).end();
    }),
  );
  servers.push(started);
  return Object.assign(toggled, { port: started.port });
}

function putService(ports: readonly number[], change: Partial<Upstream> = {}): number {
  const way = { kind: 'http', path: '/healthz', statuses: null, host: null } as const;
  const echo: Upstream = {
    ...upstreamTo('http', 1),
    targets: ports.flatMap((port) => upstreamTo('http', port).targets),
    healthCheck: { way, intervalMs: 100, timeoutMs: 5_000, healthyAfter: 1, unhealthyAfter: 2 },
    ...change,
  };
  return api.put('host', HOST, hostDocumentOf(HOST, { services: { echo } }), 2);
}

/** The ports that answer 24 connections, which both workers take. */
async function portsThatAnswer(): Promise<Set<string>> {
  const ca = readFileSync(join(directory, 'ca.pem'));
  const answers = await Promise.all(
    Array.from({ length: 24 }, async () => {
      const agent = new Agent({ ca, keepAlive: false });
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const target = { host: '127.0.0.1', port: edge.addresses.https[0]?.port, servername: HOST };
      request({ ...target, agent, headers: { host: HOST } }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve(text));
      })
        .on('error', reject)
        .end();
      return promise;
    }),
  );
  return new Set(answers);
}

/** What the API knows after all reports: states by target. */
function reported(): Record<string, TargetReport['state']> {
  const all = api.reports.flatMap(({ targets }) => targets?.changed ?? []);
  const present = new Map(all.map((report) => [report.target, report.state]));
  return Object.fromEntries([...present].filter(([, state]) => state !== 'gone'));
}
const name = ({ port }: Toggled) => `http://127.0.0.1:${port}`;

test('one checker for the whole edge; every worker follows it, its successor goes on, and the API hears of it', async () => {
  const [a, b] = [await startToggled(), await startToggled()];
  const revision = putService([a.port, b.port]);
  await vi.waitFor(() => expect(reported()).toEqual({ [name(a)]: 'healthy', [name(b)]: 'healthy' }), WAIT);
  // Whoever is told that the revision is applied has been told of its targets, too.
  const applied = api.reports.find(({ appliedRevision }) => appliedRevision >= revision);
  expect(applied?.targets?.upTo).toBeGreaterThan(0);
  expect(await portsThatAnswer()).toEqual(new Set([String(a.port), String(b.port)]));
  const [before, startedAt] = [a.checks, performance.now()];
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  // Two checkers would come to twice this.
  expect(a.checks - before).toBeLessThan((performance.now() - startedAt) / 70);

  b.healthy = false;
  await vi.waitFor(() => expect(reported()).toEqual({ [name(a)]: 'healthy', [name(b)]: 'unhealthy' }), WAIT);
  await vi.waitFor(async () => expect(await portsThatAnswer()).toEqual(new Set([String(a.port)])), WAIT);

  const metrics = await fetch(`http://127.0.0.1:${edge.addresses.admin[0]?.port}/metrics`);
  const text = await metrics.text();
  expect(text).toContain('postern_edge_checked_targets 2\n');
  expect(text).toContain('postern_edge_unhealthy_targets 1\n');

  const told = api.reports.length;
  const [first] = edge.workerPids();
  if (first !== undefined) process.kill(first, 'SIGKILL');
  await vi.waitFor(() => expect(edge.workerPids()).not.toContain(first), WAIT);
  for (let n = 0; n < 4; n += 1) {
    expect(await portsThatAnswer()).toEqual(new Set([String(a.port)]));
  }
  b.healthy = true;
  await vi.waitFor(() => expect(reported()).toEqual({ [name(a)]: 'healthy', [name(b)]: 'healthy' }), WAIT);
  await vi.waitFor(async () => expect(await portsThatAnswer()).toContain(String(b.port)), WAIT);
  const since = api.reports.slice(told).flatMap(({ targets }) => targets?.changed ?? []);
  expect(since.map(({ state }) => state)).not.toContain('unknown');

  putService([a.port]);
  await vi.waitFor(() => expect(reported()).toEqual({ [name(a)]: 'healthy' }), WAIT);
  await new Promise((resolve) => setTimeout(resolve, 200));
  const last = b.checks;
  await new Promise((resolve) => setTimeout(resolve, 600));
  expect(b.checks).toBe(last);

  // When all are unhealthy all are tried.
  a.healthy = false;
  await vi.waitFor(() => expect(reported()).toEqual({ [name(a)]: 'unhealthy' }), WAIT);
  expect(await portsThatAnswer()).toEqual(new Set([String(a.port)]));
}, 240_000);
