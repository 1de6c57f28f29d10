import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { Agent, request } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '@postern/contracts';
import { writeListenAddress } from '@postern/runtime';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readEdgeEnv } from './env.ts';
import { type EdgeOptions, type RunningEdge, startEdge } from './supervisor.ts';
import { hostDocumentOf, upstreamTo } from './testing/feed-documents.ts';
import { type FeedStandIn, startFeedStandIn } from './testing/feed-stand-in.ts';
import { runCommand } from './testing/openssl-client.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const WAIT = { timeout: 30_000, interval: 20 };

let directory: string;
let api: FeedStandIn;
const edges: RunningEdge[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-supervisor-'));
  writeFileSync(join(directory, 'edge-token'), 'edge-token\n');
  api = await startFeedStandIn();
  writeFileSync(join(directory, 'ca.pem'), api.authority.certPem);
});
afterEach(async () => {
  await Promise.all(edges.splice(0).map((edge) => edge.close()));
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});

function optionsOf(env: Record<string, string> = {}): EdgeOptions {
  return {
    ...readEdgeEnv({
      POSTERN_DATA_DIR: directory,
      POSTERN_EDGE_HTTPS_LISTEN: '127.0.0.1:0',
      POSTERN_EDGE_HTTP_LISTEN: '127.0.0.1:0',
      POSTERN_EDGE_ADMIN_LISTEN: '127.0.0.1:0',
      POSTERN_EDGE_API_URL: api.url,
      POSTERN_EDGE_WORKERS: '2',
      POSTERN_ACCESS_LOG: 'off',
      ...env,
    }),
    log: silent,
  };
}

async function start(env: Record<string, string> = {}): Promise<RunningEdge> {
  const edge = await startEdge(optionsOf(env));
  edges.push(edge);
  return edge;
}

/** Status of a request with the upstream down: 502 when the host is served, 0 when the handshake fails. */
async function statusOf(edge: RunningEdge, host: string): Promise<number> {
  const { stdout } = await runCommand('curl', [
    '-s',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '--max-time',
    '60',
    '--cacert',
    join(directory, 'ca.pem'),
    '--connect-to',
    `${host}:443:127.0.0.1:${edge.addresses.https[0]?.port}`,
    `https://${host}/`,
  ]);
  return Number(stdout);
}

/** The same on the connection that an agent keeps. */
function askKept(edge: RunningEdge, agent: Agent): Promise<{ status: number; isReused: boolean }> {
  const { host, port } = edge.addresses.https[0] ?? {};
  const headers = { host: 'a.example' };
  const ca = readFileSync(join(directory, 'ca.pem'));
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, agent, servername: 'a.example', headers, ca }, (response) => {
      response.resume().once('end', () => {
        resolve({ status: response.statusCode ?? 0, isReused: asked.reusedSocket });
      });
    });
    asked.once('error', reject).end();
  });
}

async function admin(edge: RunningEdge, path: string): Promise<{ status: number; body: string }> {
  const response = await fetch(`http://127.0.0.1:${edge.addresses.admin[0]?.port}${path}`);
  return { status: response.status, body: await response.text() };
}

/** Orphans may stay as zombies where nobody waits for them. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) Z /.test(readFileSync(file, 'utf8'));
}

test('changes reach every worker and are reported; readiness and metrics tell it', async () => {
  const edge = await start();
  await edge.ready();
  expect((await admin(edge, '/readyz')).status).toBe(200);
  const revision = await api.putHost('a.example');
  await vi.waitFor(
    () => expect(api.reports.at(-1)).toMatchObject({ epoch: 'E', appliedRevision: revision }),
    WAIT,
  );
  for (let n = 0; n < 8; n += 1) expect(await statusOf(edge, 'a.example')).toBe(502);
  const { body } = await admin(edge, '/metrics');
  expect(body).toContain(`postern_edge_applied_revision ${revision}\n`);
  expect(body).toContain('postern_edge_feed_connected 1\n');
  expect(body).toMatch(/postern_edge_handshakes_total\{result="done",reason="ok"\} 8\n/);
  expect(body).toMatch(/postern_edge_requests_total\{status="5xx"\} 8\n/);
  expect((await admin(edge, '/elsewhere')).status).toBe(404);
  const posted = await fetch(`http://127.0.0.1:${edge.addresses.admin[0]?.port}/readyz`, { method: 'POST' });
  expect(posted.status).toBe(405);
});

test('a host whose documents are damaged is reported closed, and the others are served', async () => {
  const edge = await start();
  await edge.ready();
  await api.putHost('a.example');
  const revision = await api.putHost('b.example');
  await vi.waitFor(() => expect(api.reports.at(-1)?.appliedRevision).toBe(revision), WAIT);
  api.put('host', 'a.example', { host: 'a.example', rules: 'none' });
  // Reported without anyone asking for the host.
  await vi.waitFor(() => {
    expect(api.reports.at(-1)?.closedHosts).toMatchObject([
      { host: 'a.example', reason: 'unusable_document' },
    ]);
  }, WAIT);
  expect(await statusOf(edge, 'a.example')).toBe(0);
  expect(await statusOf(edge, 'b.example')).toBe(502);
});

test('an edge starts, and serves, from its replica alone', async () => {
  const first = await start();
  await first.ready();
  await api.putHost('a.example');
  await vi.waitFor(async () => expect(await statusOf(first, 'a.example')).toBe(502), WAIT);
  await first.close();
  await api.close();
  const second = await start();
  await second.ready();
  expect(await statusOf(second, 'a.example')).toBe(502);
  api = await startFeedStandIn();
});

test('without a copy of the feed an edge is not ready', async () => {
  rmSync(join(directory, 'edge-token'));
  const edge = await start();
  const { status, body } = await admin(edge, '/readyz');
  expect(status).toBe(503);
  expect(JSON.parse(body)).toEqual({ ready: false, reasons: ['there is no copy of the feed yet'] });
  expect((await admin(edge, '/livez')).status).toBe(200);
  writeFileSync(join(directory, 'edge-token'), 'edge-token\n');
  await edge.ready();
});

test('a killed worker is back, and the other one serves meanwhile, on the connections it has too', async () => {
  const edge = await start();
  await edge.ready();
  await api.putHost('a.example');
  await vi.waitFor(async () => expect(await statusOf(edge, 'a.example')).toBe(502), WAIT);
  const [victim = 0, other] = edge.workerPids();
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  // Stopped it accepts nothing, so that this connection is one of the other worker.
  process.kill(victim, 'SIGSTOP');
  expect(await askKept(edge, kept)).toEqual({ status: 502, isReused: false });
  process.kill(victim, 'SIGCONT');
  process.kill(victim, 'SIGKILL');
  expect(await statusOf(edge, 'a.example')).toBe(502);
  expect(await askKept(edge, kept)).toEqual({ status: 502, isReused: true });
  await vi.waitFor(() => {
    expect(edge.workerPids()).toHaveLength(2);
    expect(edge.workerPids()).toContain(other);
    expect(edge.workerPids()).not.toContain(victim);
  }, WAIT);
  await vi.waitFor(async () => expect((await admin(edge, '/readyz')).status).toBe(200), WAIT);
  for (let n = 0; n < 8; n += 1) expect(await statusOf(edge, 'a.example')).toBe(502);
  expect(await askKept(edge, kept)).toEqual({ status: 502, isReused: true });
  kept.destroy();
});

test('while the only worker is away clients wait for the next one, and nobody is turned away', {
  timeout: 120_000,
}, async () => {
  const edge = await start({ POSTERN_EDGE_WORKERS: '1' });
  await edge.ready();
  await api.putHost('a.example');
  await vi.waitFor(async () => expect(await statusOf(edge, 'a.example')).toBe(502), WAIT);
  const [victim = 0] = edge.workerPids();
  const killedAt = performance.now();
  process.kill(victim, 'SIGKILL');
  await vi.waitFor(() => expect(isRunning(victim)).toBe(false), WAIT);
  const fresh = new Agent();
  expect((await askKept(edge, fresh)).status).toBe(502);
  const tookMs = Math.round(performance.now() - killedAt);
  process.stdout.write(`kill -9 of the only worker: a new connection was served after ${tookMs} ms\n`);
  expect(edge.workerPids()).not.toContain(victim);
});

test('stopping lets a request finish, and takes no new connection', async () => {
  let answer: () => void = () => undefined;
  const upstream = createHttpServer((_, response) => {
    answer = () => void response.end('late');
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const edge = await start();
  await edge.ready();
  await api.putHost('a.example');
  const { port } = upstream.address() as AddressInfo;
  const revision = api.put(
    'host',
    'a.example',
    hostDocumentOf('a.example', { services: { echo: upstreamTo('http', port) } }),
  );
  await vi.waitFor(() => expect(api.reports.at(-1)?.appliedRevision).toBe(revision), WAIT);
  const asked = once(upstream, 'request');
  const slow = statusOf(edge, 'a.example');
  await asked;
  const closed = edge.close();
  expect((await admin(edge, '/readyz')).body).toContain('the edge is stopping');
  setTimeout(answer, 1_500);
  await vi.waitFor(async () => expect(await statusOf(edge, 'a.example')).toBe(0), WAIT);
  expect(await slow).toBe(200);
  await closed;
  upstream.close();
});

test('several addresses, IPv6 too, are all served', async () => {
  const edge = await start({ POSTERN_EDGE_HTTPS_LISTEN: '[::1]:0,127.0.0.1:0' });
  await edge.ready();
  expect(edge.addresses.https.map(({ host }) => host)).toEqual(['::1', '127.0.0.1']);
  for (const address of edge.addresses.https) {
    const { stdout } = await runCommand('openssl', [
      's_client',
      '-connect',
      writeListenAddress(address),
      '-servername',
      'nobody.example',
    ]);
    expect(stdout).toContain('CONNECTED');
  }
});

test('the workers end with their supervisor, and nothing stale keeps the next one away', async () => {
  const script = `
    import { startEdge, readEdgeEnv } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    const log = { debug() {}, info() {}, warn() {}, error() {} };
    const edge = await startEdge({ ...readEdgeEnv(), log });
    console.log(JSON.stringify(edge.workerPids()));
  `;
  const env = {
    ...process.env,
    POSTERN_DATA_DIR: directory,
    POSTERN_EDGE_HTTPS_LISTEN: '127.0.0.1:0',
    POSTERN_EDGE_HTTP_LISTEN: '127.0.0.1:0',
    POSTERN_EDGE_ADMIN_LISTEN: '127.0.0.1:0',
    POSTERN_EDGE_API_URL: api.url,
    POSTERN_EDGE_WORKERS: '2',
    NODE_OPTIONS: '',
  };
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  const pids = JSON.parse(output.toString()) as number[];
  expect(pids).toHaveLength(2);
  await expect(start()).rejects.toThrow(
    `POSTERN_EDGE_DATA_DIR: ${join(directory, 'edge')} is in use by process ${child.pid}`,
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  await vi.waitFor(() => {
    for (const pid of pids) expect(isRunning(pid)).toBe(false);
  }, WAIT);
  await (await start()).ready();
});

test('a used port is one clear line, and nothing is left running', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  for (const variable of [
    'POSTERN_EDGE_HTTPS_LISTEN',
    'POSTERN_EDGE_HTTP_LISTEN',
    'POSTERN_EDGE_ADMIN_LISTEN',
  ]) {
    await expect(start({ [variable]: `127.0.0.1:${port}` })).rejects.toThrow(
      `${variable}: 127.0.0.1:${port} is in use already, by another program or another listener of this one`,
    );
  }
  server.close();
  await once(server, 'close');
  const one = `127.0.0.1:${port}`;
  await expect(start({ POSTERN_EDGE_HTTPS_LISTEN: one, POSTERN_EDGE_HTTP_LISTEN: one })).rejects.toThrow(
    `${one} is in use already, by another program or another listener of this one`,
  );
  await expect(start({ POSTERN_EDGE_HTTPS_LISTEN: '192.0.2.1:0' })).rejects.toThrow(
    'POSTERN_EDGE_HTTPS_LISTEN: 192.0.2.1:0 is not an address of this machine',
  );
  await (await start()).ready();
});

test('a worker that hangs holds back what is reported as applied, and not the metrics', async () => {
  const edge = await start();
  await edge.ready();
  const before = await api.putHost('a.example');
  await vi.waitFor(() => expect(api.reports.at(-1)?.appliedRevision).toBe(before), WAIT);
  const [hanging = 0] = edge.workerPids();
  process.kill(hanging, 'SIGSTOP');
  try {
    const revision = await api.putHost('b.example');
    await vi.waitFor(async () => {
      const { status, body } = await admin(edge, '/metrics');
      expect(status).toBe(200);
      expect(body).toContain(`postern_edge_replica_revision ${revision}\n`);
      expect(body).toContain(`postern_edge_applied_revision ${before}\n`);
    }, WAIT);
    // That answer waited for the hanging worker; the other one has followed by now.
    expect((await admin(edge, '/metrics')).body).toContain(`postern_edge_applied_revision ${before}\n`);
    process.kill(hanging, 'SIGCONT');
    await vi.waitFor(() => expect(api.reports.at(-1)?.appliedRevision).toBe(revision), WAIT);
  } finally {
    process.kill(hanging, 'SIGCONT');
  }
});

test('who waits for an edge that is stopped first is told so', async () => {
  rmSync(join(directory, 'edge-token'));
  const edge = await start();
  const ready = expect(edge.ready()).rejects.toThrow('the edge was stopped before it was ready');
  await edge.close();
  await ready;
});

test('a damaged key is told with its file, and the directory is free again', async () => {
  const folder = join(directory, 'edge');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'edge.key'), 'no key', { mode: 0o600 });
  await expect(start()).rejects.toThrow(`the edge key ${join(folder, 'edge.key')} is damaged`);
  rmSync(join(folder, 'edge.key'));
  await (await start()).ready();
});

test('the key of an edge is its own, made once', async () => {
  const key = join(directory, 'edge', 'edge.key');
  await (await start()).close();
  const { mode, mtimeMs } = statSync(key);
  expect(mode & 0o777).toBe(0o600);
  await (await start()).close();
  expect(statSync(key).mtimeMs).toBe(mtimeMs);
});
