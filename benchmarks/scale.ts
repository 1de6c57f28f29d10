import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FixtureHost, SHARED_CA, specOf } from '../test/scale/many-hosts.ts';
import { costWhile } from './forwarding/process-cost.ts';
import { describeMachine } from './machine.ts';
import { openClient } from './scale/mtls-client.ts';
import { quantileCells } from './scale/quantiles.ts';
import { createScalePlatform, residentMiB, type ScalePlatform } from './scale/scale-platform.ts';

// What grows with the number of hosts? Run: npm run bench:scale [-- HOSTS...]
const counts = process.argv.slice(2).map(Number);
const TOUCHED = 10_000;
const WRITES = 200;
const GETS_WITHOUT_LOAD = 200;
/** The same hosts in every size: they are there from the smallest on. */
const ASKED_HOSTS = 9;
const CONNECTIONS_EACH = 7;
const REQUESTS_EACH = 400;
const REQUEST_ROUNDS = 5;

/** One line of the report: what, and its figures by count of hosts. */
const report = new Map<string, string[]>();
function note(what: string, cells: string): void {
  report.set(what, [...(report.get(what) ?? []), cells]);
  process.stderr.write(`${what}: ${cells}\n`);
}
const ms = (value: number): string => `${Math.round(value).toLocaleString('en')} ms`;
const PROJECT = 'default';

/** Reads a route again and again until told to stop; gives how long each answer took, in ms. */
function keepReading({ client, hosts }: ScalePlatform): () => Promise<number[]> {
  const took: number[] = [];
  let isOver = false;
  const running = (async () => {
    for (let n = 0; !isOver; n += 1) {
      const began = performance.now();
      await client.routes.get(PROJECT, hosts.hostAt((n * 7919) % hosts.count).route);
      took.push(performance.now() - began);
      await sleep(5);
    }
  })();
  return async () => {
    isOver = true;
    await running;
    return took;
  };
}

async function touch({ ports, hosts }: ScalePlatform, host: FixtureHost): Promise<void> {
  const client = await openClient({ port: ports.https, host: host.host, ...hosts.clientFor(host) });
  const status = await client.get('/');
  client.end();
  if (status !== 200) throw new Error(`${host.host} answered ${status}`);
}

/** CPU time of the worker for one request on kept connections to hosts of the touched set, in microseconds: the least of several rounds. */
async function costOfRequest({ ports, hosts, workerPids }: ScalePlatform): Promise<number> {
  const kept = await Promise.all(
    Array.from({ length: ASKED_HOSTS * CONNECTIONS_EACH }, (_, n) => {
      const host = hosts.hostAt(n % ASKED_HOSTS);
      return openClient({ port: ports.https, host: host.host, ...hosts.clientFor(host) });
    }),
  );
  const rounds: number[] = [];
  for (let round = 0; round <= REQUEST_ROUNDS; round += 1) {
    const { cost } = await costWhile(workerPids(), false, () =>
      Promise.all(
        kept.map(async (client) => {
          for (let n = 0; n < REQUESTS_EACH; n += 1) await client.get('/');
        }),
      ),
    );
    // The first one warms up.
    if (round > 0) rounds.push(cost.cpuUs / (kept.length * REQUESTS_EACH));
  }
  for (const client of kept) client.end();
  return Math.min(...rounds);
}

/** Milliseconds from the start of a process to the first answer of a host that demands certificates. */
async function startAndAsk(platform: ScalePlatform): Promise<number> {
  const began = performance.now();
  await platform.startEdge();
  await touch(platform, platform.hosts.hostAt(1));
  return performance.now() - began;
}

/** Writes to routes one by one: how long each takes, and how long after it the edge behaves by it. */
async function measureWrites(platform: ScalePlatform): Promise<{ writes: number[]; enforced: number[] }> {
  const { client, hosts, ports } = platform;
  const writes: number[] = [];
  const enforced: number[] = [];
  for (let n = 0; n < WRITES; n += 1) {
    const host = hosts.hostAt((n * 7919) % hosts.count);
    const kept = await openClient({ port: ports.https, host: host.host, ...hosts.clientFor(host) });
    const spec = { ...specOf(host), routes: [{ prefix: `/n${n}`, route: { service: 'echo' } }] };
    const began = performance.now();
    await client.routes.update(PROJECT, host.route, { spec });
    const written = performance.now();
    while ((await kept.get(`/n${n}`)) !== 200);
    writes.push(written - began);
    enforced.push(performance.now() - written);
    kept.end();
  }
  return { writes, enforced };
}

/** Replaces the CA of a tenth of the hosts while a client of another host asks: the API's answer, and the longest wait of a request. */
async function replaceSharedCa(platform: ScalePlatform): Promise<{ tookMs: number; gaps: number[] }> {
  const { client, hosts, ports } = platform;
  const own = hosts.hostAt(2);
  const kept = await openClient({ port: ports.https, host: own.host, ...hosts.clientFor(own) });
  const gaps: number[] = [];
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      const began = performance.now();
      await kept.get('/');
      gaps.push(performance.now() - began);
      await sleep(2);
    }
  })();
  await sleep(500);
  const began = performance.now();
  const secret = { type: 'tls-ca' as const, cert: hosts.nextSharedCa };
  const { revision } = await client.secrets.put(PROJECT, SHARED_CA, { secret });
  await client.waitApplied({ revision, job: null, timeoutMs: 60_000 });
  const tookMs = performance.now() - began;
  await sleep(1_000);
  isOver = true;
  await asking;
  kept.end();
  return { tookMs, gaps };
}

async function measure(count: number): Promise<void> {
  const began = performance.now();
  await using platform = await createScalePlatform(count);
  process.stderr.write(`${count} hosts written in ${ms(performance.now() - began)}\n`);
  const { client, hosts } = platform;
  // The fixture has written to the file behind the store's back.
  note('API: start on a database that it looks through', ms(await platform.startApi()));
  await platform.stopApi();
  note('API: start on the database that it closed', ms(await platform.startApi()));
  const quiet = keepReading(platform);
  await sleep(GETS_WITHOUT_LOAD * 10);
  note('get of a route: p50, p99, max', quantileCells(await quiet()));
  const busy = keepReading(platform);
  const { result: syncMs, cost: syncCost } = await costWhile(platform.apiPids(), false, platform.startEdge);
  note('first sync of an empty edge, until it is ready', ms(syncMs));
  note('CPU time of the API meanwhile', ms(syncCost.cpuUs / 1_000));
  note('get of a route meanwhile: p50, p99, max', quantileCells(await busy()));
  await platform.stopEdge();
  note('edge: start from its replica to the first answer', ms(await startAndAsk(platform)));
  await sleep(2_000);
  const [worker = 0] = platform.workerPids();
  note('worker: memory before', `${residentMiB(worker).toFixed(0)} MiB`);
  const touched = Math.min(TOUCHED, count);
  for (let index = 0; index < touched; index += 1) await touch(platform, hosts.hostAt(index));
  note(
    `worker: memory after ${TOUCHED} hosts, or all, were asked once`,
    `${residentMiB(worker).toFixed(0)} MiB`,
  );
  note('CPU time of the worker for a request, in microseconds', (await costOfRequest(platform)).toFixed(0));
  const written = await costWhile(platform.apiPids(), false, () => measureWrites(platform));
  const { writes, enforced } = written.result;
  note('CPU time of the API for a write', `${(written.cost.cpuUs / 1_000 / WRITES).toFixed(1)} ms`);
  note('write of a route: p50, p99, max', quantileCells(writes));
  note('until it is enforced, from there: p50, p99, max', quantileCells(enforced));
  const { tookMs, gaps } = await replaceSharedCa(platform);
  note('CA of a tenth of the routes replaced, until all edges have it', ms(tookMs));
  note('requests of another host meanwhile: p50, p99, max', quantileCells(gaps));
  const listed: number[] = [];
  for (let n = 0; n < 20; n += 1) {
    const at = performance.now();
    await client.routes
      .pages(PROJECT, { namePrefix: `r${hosts.hostAt(n * 7).number.slice(0, 4)}` })
      [Symbol.asyncIterator]()
      .next();
    listed.push(performance.now() - at);
  }
  note('page of 100 routes: p50, p99, max', quantileCells(listed));
}

const load = loadavg()[0] ?? 0;
for (const count of counts.length === 0 ? [1_000, 100_000] : counts) await measure(count);
const columns = (counts.length === 0 ? [1_000, 100_000] : counts).map(
  (count) => `${count.toLocaleString('en')} hosts`,
);
console.log(`${describeMachine()}; load ${load.toFixed(1)} at the start

| milliseconds, where nothing else is said | ${columns.join(' | ')} |
|---|${columns.map(() => '---|').join('')}
${[...report].map(([what, cells]) => `| ${what} | ${cells.map((cell) => cell.replaceAll(' | ', ' / ')).join(' | ')} |`).join('\n')}`);
