import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@postern/client';
import { startPlatform } from '../test/platform/platform.ts';
import { describeMachine } from './machine.ts';
import { ownerOfConnection, workerPidsOf } from './worker-processes.ts';

// How long after the API's answer does a change hold on every worker? Run: npm run bench:enforcement [-- WRITES [WORKERS]]
const writes = Number(process.argv[2] ?? 1000);
const workers = Number(process.argv[3] ?? 2);
const HOST = 'measured.localhost';
/** The kernel hands connections to whichever worker asks first: tried until each has one. */
const CONNECTION_ATTEMPTS_MAX = 200;
const ENFORCED_TIMEOUT_MS = 10_000;

/** A kept connection and the worker that serves it. */
interface Probe {
  readonly agent: Agent;
  readonly pid: number;
  readonly localPort: number;
}

await using platform = await startPlatform(() => ({ POSTERN_EDGE_WORKERS: String(workers) }));
const client = createClient({
  url: `http://127.0.0.1:${platform.ports.api}`,
  token: readFileSync(join(platform.directory, 'data/admin-token'), 'utf8').trim(),
  timeoutMs: 10_000,
});
const spec = (prefix: string) => ({ host: HOST, routes: [{ prefix, route: { service: 'echo' } }] });
const { code, stderr } = await platform.postern([
  ...['route', 'create', 'measured', '--hostname', HOST, '--path', '/=echo'],
]);
if (code !== 0) throw new Error(stderr);

async function ask(agent: Agent, path: string): Promise<{ status: number; localPort: number }> {
  const outgoing = request({
    ...{ host: '127.0.0.1', port: platform.ports.https, servername: HOST, path, agent },
    rejectUnauthorized: false,
    headers: { host: HOST },
  });
  outgoing.end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const localPort = response.socket.localPort ?? 0;
  response.resume();
  await once(response, 'end');
  return { status: response.statusCode ?? 0, localPort };
}

/** One kept connection to each worker. */
async function reachEveryWorker(): Promise<Probe[]> {
  const pids = workerPidsOf(platform.running.process.pid ?? 0);
  if (pids.length !== workers) throw new Error(`${pids.length} workers run, not ${workers}`);
  const probes = new Map<number, Probe>();
  const spare: Agent[] = [];
  for (let attempt = 0; probes.size < workers; attempt += 1) {
    if (attempt === CONNECTION_ATTEMPTS_MAX)
      throw new Error('some worker got none of the connections: nothing measured');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { localPort } = await ask(agent, '/');
    const pid = await ownerOfConnection(pids, { client: localPort, server: platform.ports.https });
    if (probes.has(pid)) spare.push(agent);
    else probes.set(pid, { agent, pid, localPort });
  }
  for (const agent of spare) agent.destroy();
  return [...probes.values()];
}

/** Milliseconds from `answeredAt` to the first answer of the probe's worker that shows the write. */
async function untilEnforced(probe: Probe, path: string, answeredAt: number): Promise<number> {
  for (;;) {
    const { status, localPort } = await ask(probe.agent, path);
    const afterMs = performance.now() - answeredAt;
    if (localPort !== probe.localPort) throw new Error(`worker ${probe.pid} lost its connection`);
    if (status === 200) return afterMs;
    if (afterMs > ENFORCED_TIMEOUT_MS) throw new Error(`worker ${probe.pid} never enforced the write`);
  }
}

const probes = await reachEveryWorker();
const loadBefore = loadavg()[0] ?? 0;
const answersMs: number[] = [];
const delaysMs: number[] = [];
for (let n = 0; n < writes; n += 1) {
  const askedAt = performance.now();
  await client.routes.update('default', 'measured', { spec: spec(`/n${n}`) });
  const answeredAt = performance.now();
  answersMs.push(answeredAt - askedAt);
  const delays = await Promise.all(probes.map((probe) => untilEnforced(probe, `/n${n}`, answeredAt)));
  delaysMs.push(Math.max(...delays));
}
for (const { agent } of probes) agent.destroy();

function quantile(values: readonly number[], q: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1);
}
const row = (name: string, values: readonly number[]): string =>
  `| ${name} | ${quantile(values, 0.5)} | ${quantile(values, 0.99)} | ${quantile(values, 1)} |`;
console.log(`${describeMachine()}; load ${loadBefore.toFixed(1)} at the start.
${writes} writes, ${probes.length} workers, one kept connection to each.

| milliseconds | p50 | p99 | max |
|---|---|---|---|
${row("API's answer to a write", answersMs)}
${row('from the answer until the last worker behaves by it', delaysMs)}`);
