import { readdirSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { pin } from '../forwarding/process-cost.ts';
import { type MtlsClient, openClient } from './mtls-client.ts';
import { quantileOf } from './quantiles.ts';
import type { ScalePlatform } from './scale-platform.ts';
import { touchHost } from './touch-hosts.ts';

/** The same hosts in every size: they are there from the smallest on. */
const ASKED_HOSTS = 9;
const CONNECTIONS_EACH = 7;
/** A tenth of a second with a collection of young objects or two: what else the machine does falls on all workers alike, or leaves rounds of each alone. */
const REQUESTS_EACH = 24;
const ROUNDS_EACH = 24;
/**
 * Rounds after which V8 has compiled what it will: it goes on for some 40,000 requests, and how far it has come differs between equal workers by more
 * than what is looked for.
 */
const ROUNDS_TO_WARM_UP = 48;
/** Fresh workers each time: how V8 compiles one of them differs by more than what is looked for. */
const TURNS = 5;
/** Handshakes of each worker before: as many hosts as it keeps compiled, or fewer of them again and again. */
const TOUCHES = 1_000;

/** CPU time of a worker for one request. */
interface RequestCost {
  /** Microseconds: the lower quartile of a turn's rounds, the median of all turns. */
  readonly us: number;
  /** That quartile to the one of the first platform in the same turn: the least, median and greatest of all turns. */
  readonly ratios: readonly [number, number, number];
}

/** A worker, and the connections that are kept to it. */
interface Asked {
  readonly pids: readonly number[];
  readonly clients: readonly MtlsClient[];
}

/**
 * What a small GET costs a worker of each platform: HTTP/1.1 over TLS with a client certificate, on kept connections to the same few hosts. All
 * platforms run at once and are asked in turns, back and forth; the workers have the last core for themselves. The platforms' APIs must run;
 * their edges are stopped when this returns.
 */
export async function compareRequestCosts(platforms: readonly ScalePlatform[]): Promise<RequestCost[]> {
  const ofTurns = platforms.map((): number[] => []);
  const lastCore = cpus().length - 1;
  pin(process.pid, lastCore > 0 ? `0-${lastCore - 1}` : '0');
  for (let turn = 0; turn < TURNS; turn += 1) {
    for (const platform of platforms) {
      await platform.stopEdge();
      await platform.startEdge();
      for (let n = 0; n < TOUCHES; n += 1) await touchHost(platform, n % platform.hosts.count);
      for (const pid of platform.workerPids()) pin(pid, String(lastCore));
    }
    const costs = await costsInTurns(await Promise.all(platforms.map(keepConnections)));
    for (const [n, values] of costs.entries()) ofTurns[n]?.push(quantileOf(values, 0.25));
  }
  for (const platform of platforms) await platform.stopEdge();
  pin(process.pid, `0-${lastCore}`);
  const first = ofTurns[0] ?? [];
  return ofTurns.map((values) => {
    const ratios = values.map((value, turn) => value / (first[turn] ?? Number.NaN));
    return {
      us: quantileOf(values, 0.5),
      ratios: [quantileOf(ratios, 0), quantileOf(ratios, 0.5), quantileOf(ratios, 1)],
    };
  });
}

async function keepConnections(platform: ScalePlatform): Promise<Asked> {
  const { ports, hosts } = platform;
  const clients = await Promise.all(
    Array.from({ length: ASKED_HOSTS * CONNECTIONS_EACH }, async (_, n) => {
      const host = hosts.hostAt(n % ASKED_HOSTS);
      const client = await openClient({ port: ports.https, host: host.host, ...hosts.clientFor(host) });
      // The first request is waited for 10 s, and the handshakes of all workers may take as long.
      await client.get('/');
      return client;
    }),
  );
  return { pids: platform.workerPids(), clients };
}

/** Microseconds for a request, of each round of each worker; ends the connections. */
async function costsInTurns(workers: readonly Asked[]): Promise<number[][]> {
  const costs = workers.map((): number[] => []);
  for (let round = -ROUNDS_TO_WARM_UP; round < ROUNDS_EACH; round += 1) {
    const there = [...workers.entries()];
    for (const [n, worker] of round % 2 === 0 ? there : there.reverse()) {
      const cost = await costOfRequest(worker);
      if (round >= 0) costs[n]?.push(cost);
    }
  }
  for (const client of workers.flatMap(({ clients }) => clients)) client.end();
  return costs;
}

async function costOfRequest({ pids, clients }: Asked): Promise<number> {
  const before = cpuUsOf(pids);
  await Promise.all(
    clients.map(async (client) => {
      for (let n = 0; n < REQUESTS_EACH; n += 1) await client.get('/');
    }),
  );
  return (cpuUsOf(pids) - before) / (clients.length * REQUESTS_EACH);
}

/** Microseconds on a processor, of all threads: what schedstat counts in nanoseconds, where /proc/PID/stat counts in steps of 10,000 us. */
function cpuUsOf(pids: readonly number[]): number {
  return pids
    .flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`))
    .reduce((sum, file) => sum + Number(readFileSync(file, 'utf8').split(' ')[0]) / 1_000, 0);
}
