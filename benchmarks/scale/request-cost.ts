import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { pin } from '../forwarding/process-cost.ts';
import { openClient } from './mtls-client.ts';
import type { ScalePlatform } from './scale-platform.ts';
import { touchHosts } from './touch-hosts.ts';

/** The same hosts in every size: they are there from the smallest on. */
const ASKED_HOSTS = 9;
const CONNECTIONS_EACH = 7;
const REQUESTS_EACH = 150;
/** Fresh workers each time: how V8 compiles one of them differs by more than what is looked for. */
const TURNS = 3;
const ROUNDS_EACH = 3;
/** As many as a worker keeps compiled. */
const TOUCHED = 1_000;

/** CPU time of a worker for one request, in microseconds, of all rounds. */
interface RequestCost {
  readonly least: number;
  readonly median: number;
}

/**
 * What a small GET costs a worker of each platform: HTTP/1.1 over TLS with a client certificate, on kept connections to the same few hosts. All
 * platforms run at once and are asked in turns, so that what else the machine does falls on all of them; the workers have the last core
 * for themselves. The platforms' APIs must run; their edges are stopped when this returns.
 */
export async function compareRequestCosts(platforms: readonly ScalePlatform[]): Promise<RequestCost[]> {
  const costs = platforms.map((): number[] => []);
  const lastCore = cpus().length - 1;
  pin(process.pid, lastCore > 0 ? `0-${lastCore - 1}` : '0');
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const platform of platforms) {
      await platform.stopEdge();
      await platform.startEdge();
      await touchHosts(platform, Math.min(TOUCHED, platform.hosts.count));
      for (const pid of platform.workerPids()) pin(pid, String(lastCore));
    }
    for (let round = 0; round <= ROUNDS_EACH; round += 1) {
      for (const [n, platform] of platforms.entries()) {
        const cost = await costOfRequest(platform);
        // The first round warms up.
        if (round > 0) costs[n]?.push(cost);
      }
    }
  }
  for (const platform of platforms) await platform.stopEdge();
  pin(process.pid, `0-${lastCore}`);
  return costs.map((values) => {
    const sorted = values.toSorted((a, b) => a - b);
    return { least: sorted[0] ?? Number.NaN, median: sorted[sorted.length >> 1] ?? Number.NaN };
  });
}

function openClients({ ports, hosts }: ScalePlatform) {
  return Promise.all(
    Array.from({ length: ASKED_HOSTS * CONNECTIONS_EACH }, (_, n) => {
      const host = hosts.hostAt(n % ASKED_HOSTS);
      return openClient({ port: ports.https, host: host.host, ...hosts.clientFor(host) });
    }),
  );
}

async function costOfRequest(platform: ScalePlatform): Promise<number> {
  const clients = await openClients(platform);
  const before = cpuUsOf(platform.workerPids());
  await Promise.all(
    clients.map(async (client) => {
      for (let n = 0; n < REQUESTS_EACH; n += 1) await client.get('/');
    }),
  );
  const cpuUs = cpuUsOf(platform.workerPids()) - before;
  for (const client of clients) client.end();
  return cpuUs / (clients.length * REQUESTS_EACH);
}

/** Microseconds on a processor, of all threads: what schedstat counts in nanoseconds, where /proc/PID/stat counts in steps of 10,000 us. */
function cpuUsOf(pids: readonly number[]): number {
  return pids
    .flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`))
    .reduce((sum, file) => sum + Number(readFileSync(file, 'utf8').split(' ')[0]) / 1_000, 0);
}
