import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hostDocumentOf, upstreamTo } from '../../apps/edge/src/testing/feed-documents.ts';
import { type FeedStandIn, startFeedStandIn } from '../../apps/edge/src/testing/feed-stand-in.ts';
import { checkout, findFreePorts, type Ports } from '../platform/platform.ts';
import { askOnce, askOnFreshConnections } from './fresh-connections.ts';

// `npm run test:restarts` makes ten of them.
const ROUNDS = Number(process.env.POSTERN_TEST_RESTARTS ?? 2);
const WAIT = { timeout: 60_000, interval: 20 };
const HOST = 'a.example';
const installed = join(checkout, 'apps/cli/bin/postern.js');
/** Comes to where the successor is given the data directory, and no further. */
const BROKEN = `process.on('message', ({ type }) => {
  if (type === 'inherit') process.send({ type: 'loaded' });
  if (type === 'begin') process.exit(3);
});`;

let directory: string;
let api: FeedStandIn;
let ports: Ports;
let child: ChildProcess;
let printed: string;
/** What is started: a link to what is installed. */
let entry: string;
const upstream = createServer((_, response) => response.end('served'));

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-restart-'));
  writeFileSync(join(directory, 'edge-token'), 'edge-token\n');
  api = await startFeedStandIn();
  ports = await findFreePorts();
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  printed = '';
  entry = join(directory, 'postern.js');
  symlinkSync(installed, entry);
  child = spawn(process.execPath, [entry, 'edge'], {
    env: {
      ...process.env,
      NODE_OPTIONS: '',
      POSTERN_DATA_DIR: directory,
      POSTERN_EDGE_HTTPS_LISTEN: `127.0.0.1:${ports.https}`,
      POSTERN_EDGE_HTTP_LISTEN: `127.0.0.1:${ports.http}`,
      POSTERN_EDGE_ADMIN_LISTEN: `127.0.0.1:${ports.admin}`,
      POSTERN_EDGE_API_URL: api.url,
      POSTERN_EDGE_WORKERS: '1',
      POSTERN_ACCESS_LOG: 'off',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  await vi.waitFor(() => expect(printed).toContain('The edge is ready on'), WAIT);
  await putHost(HOST);
});
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  upstream.closeAllConnections();
  await new Promise((resolve) => upstream.close(resolve));
  await api.close();
  rmSync(directory, { recursive: true, force: true });
});

const asked = (host: string) => ({ port: ports.https, host, ca: api.authority.certPem });

async function putHost(host: string): Promise<void> {
  await api.putHost(host);
  const { port } = upstream.address() as AddressInfo;
  api.put('host', host, hostDocumentOf(host, { services: { echo: upstreamTo('http', port) } }));
  await vi.waitFor(async () => expect(await askOnce(asked(host))).toBeNull(), WAIT);
}

const countOf = (text: string): number => printed.split(text).length - 1;
/** The process that holds the data directory now. */
const supervisor = (): number => Number(readFileSync(join(directory, 'edge', 'lock-owner'), 'utf8'));

async function restart(): Promise<void> {
  const before = countOf('the edge was restarted');
  child.kill('SIGUSR2');
  await vi.waitFor(() => expect(countOf('the edge was restarted')).toBe(before + 1), WAIT);
}

test(`no fresh connection fails while the whole edge is restarted ${ROUNDS} times; what follows is in charge, under the old pid`, {
  timeout: 120_000 + ROUNDS * 30_000,
}, async () => {
  const clients = askOnFreshConnections({ ...asked(HOST), lanes: 4 });
  const supervisors = new Set([supervisor()]);
  for (let round = 0; round < ROUNDS; round += 1) {
    await restart();
    supervisors.add(supervisor());
    const before = clients.answered();
    await vi.waitFor(() => expect(clients.answered()).toBeGreaterThan(before + 20), WAIT);
  }
  await clients.stop();
  process.stdout.write(
    `${ROUNDS} restarts: ${clients.answered()} connections answered, ${clients.failures.length} failed, ` +
      `slowest ${Math.round(clients.slowestMs())} ms\n`,
  );
  expect(clients.failures).toEqual([]);
  expect(supervisors.size).toBe(ROUNDS + 1);
  await putHost('b.example');
  const ready = await fetch(`http://127.0.0.1:${ports.admin}/readyz`);
  expect([ready.status, await ready.json()]).toEqual([200, { ready: true, reasons: [] }]);
  const metrics = await fetch(`http://127.0.0.1:${ports.admin}/metrics`);
  expect(await metrics.text()).toContain('postern_edge_feed_connected 1\n');
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await askOnce(asked(HOST))).toContain('ECONNREFUSED');
});

test('what cannot follow changes nothing; a supervisor that is lost ends the edge with a failure', {
  timeout: 240_000,
}, async () => {
  const before = supervisor();
  rmSync(entry);
  writeFileSync(entry, BROKEN);
  child.kill('SIGUSR2');
  await vi.waitFor(() => expect(printed).toContain('serves as before'), WAIT);
  expect(printed).toContain('it ended with 3');
  expect(supervisor()).toBe(before);
  await putHost('b.example');
  rmSync(entry);
  symlinkSync(installed, entry);
  await restart();
  process.kill(supervisor(), 'SIGKILL');
  expect(await once(child, 'exit')).toEqual([1, null]);
  expect(printed).toContain('postern edge: the supervisor of the workers ended with SIGKILL');
});
