import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '@postern/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readEdgeEnv } from './env.ts';
import { type RunningEdge, startEdge } from './supervisor.ts';
import { type FeedStandIn, startFeedStandIn } from './testing/feed-stand-in.ts';
import { runCommand } from './testing/openssl-client.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const WAIT = { timeout: 30_000, interval: 20 };

let directory: string;
let api: FeedStandIn;
let edge: RunningEdge;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-ledger-'));
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
});
afterEach(async () => {
  await edge.close();
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Asks for another host than the connection is for; gives the id of the refusal. */
async function misdirect(): Promise<string | undefined> {
  const { stdout } = await runCommand('curl', [
    '-s',
    '--max-time',
    '20',
    '--cacert',
    join(directory, 'ca.pem'),
    '--connect-to',
    `a.example:443:127.0.0.1:${edge.addresses.https[0]?.port}`,
    '-H',
    'Host: b.example',
    'https://a.example/',
  ]);
  return stdout.startsWith('{') ? (JSON.parse(stdout) as { refusal?: string }).refusal : undefined;
}

test('refusals of all workers reach the API within a second, as one entry, and the metrics', async () => {
  await api.connected();
  await api.putHost('a.example');
  // Until every worker serves the host there are none.
  await vi.waitFor(async () => expect(await misdirect()).toBeDefined(), WAIT);
  const ids = await Promise.all(Array.from({ length: 20 }, misdirect));
  const refusedAt = performance.now();
  const toldOf = (id: string | undefined) =>
    Math.max(
      0,
      ...api.ledger.flatMap(({ refusals }) => refusals.flatMap((told) => (told.id === id ? told.count : []))),
    );
  const known = new Set(ids);
  // A minute may have turned meanwhile.
  expect(known.size).toBeLessThanOrEqual(2);
  await vi.waitFor(() => {
    const sum = [...known].reduce((total, id) => total + toldOf(id), 0);
    expect(sum).toBeGreaterThanOrEqual(20);
  }, WAIT);
  expect(performance.now() - refusedAt).toBeLessThan(10_000);
  const [admin] = edge.addresses.admin;
  const metrics = await (await fetch(`http://127.0.0.1:${admin?.port}/metrics`)).text();
  const counted = /postern_edge_refusals_total\{reason="misdirected_request",observed="false"\} (\d+)/.exec(
    metrics,
  );
  expect(Number(counted?.[1])).toBeGreaterThanOrEqual(21);
  expect(metrics).toMatch(/^postern_edge_refusals_dropped 0$/m);
});
