import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { SHARED_CA, specOf } from '../test/scale/many-hosts.ts';
import { costWhile } from './forwarding/process-cost.ts';
import { describeMachine } from './machine.ts';
import { openClient } from './scale/mtls-client.ts';
import { quantileCells } from './scale/quantiles.ts';
import { compareRequestCosts } from './scale/request-cost.ts';
import { createScalePlatform, residentMiB, type ScalePlatform } from './scale/scale-platform.ts';
import { type ThreadTime, threadTimeOf, timeBetween } from './scale/thread-time.ts';
import { touchHost, touchHosts } from './scale/touch-hosts.ts';

// What grows with the number of hosts? Run: npm run bench:scale [-- HOSTS...]
const counts = process.argv.length > 2 ? process.argv.slice(2).map(Number) : [100_000];
const TOUCHED = 10_000;
/** So many that p99 is no single write: the seventh slowest. */
const WRITES = 600;
const SLOWEST_TOLD = 12;
const GETS_WITHOUT_LOAD = 200;
/** What the cost of a request with many hosts is compared with: the first with a second one of its size too, which says what the comparison is worth. */
const FEW_HOSTS = [10, 10, 1_000];

/** The lines of the report: what, and its figures by the place of their column. */
const report = new Map<string, string[]>();
type Note = (what: string, cells: string) => void;

function noteIn(column: number): Note {
  return (what, cells) => {
    const line = report.get(what) ?? counts.map(() => '-');
    line[column] = cells.replaceAll(' | ', ' / ');
    report.set(what, line);
    process.stderr.write(`${what}: ${cells}\n`);
  };
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

/** Milliseconds from the start of a process to the first answer of a host that demands certificates. */
async function startAndAsk(platform: ScalePlatform): Promise<number> {
  const began = performance.now();
  await platform.startEdge();
  await touchHost(platform, 1);
  return performance.now() - began;
}

/** One write to a route: how long it took, and how long after it the edge behaves by it, in ms; what the threads that answered and asked had of the processors. */
interface WriteTimes {
  readonly tookMs: number;
  readonly enforcedMs: number;
  readonly api: ThreadTime;
  readonly client: ThreadTime;
}

/** Writes to routes one by one. */
async function measureWrites(platform: ScalePlatform): Promise<WriteTimes[]> {
  const { client, hosts, ports } = platform;
  const [api = 0] = platform.apiPids();
  const writes: WriteTimes[] = [];
  for (let n = 0; n < WRITES; n += 1) {
    const host = hosts.hostAt((n * 7919) % hosts.count);
    const kept = await openClient({ port: ports.https, host: host.host, ...hosts.clientFor(host) });
    const spec = { ...specOf(host), routes: [{ prefix: `/n${n}`, route: { service: 'echo' } }] };
    const before = { api: threadTimeOf(api), client: threadTimeOf(process.pid) };
    const began = performance.now();
    await client.routes.update(PROJECT, host.route, { spec });
    const written = performance.now();
    const after = { api: threadTimeOf(api), client: threadTimeOf(process.pid) };
    while ((await kept.get(`/n${n}`)) !== 200);
    writes.push({
      tookMs: written - began,
      enforcedMs: performance.now() - written,
      api: timeBetween(before.api, after.api),
      client: timeBetween(before.client, after.client),
    });
    kept.end();
  }
  return writes;
}

/** Notes what writes took, and what of it is no work: on a machine that has other work, waiting for a processor decides the slowest. */
function noteWrites(writes: readonly WriteTimes[], note: Note): void {
  note(`${WRITES} writes of a route: p50, p99, max`, quantileCells(writes.map(({ tookMs }) => tookMs)));
  const parts: readonly [string, (write: WriteTimes) => number][] = [
    ['the thread that answers works', ({ api }) => api.workedMs],
    ['it waits for a processor', ({ api }) => api.waitedMs],
    ['the client works', ({ client }) => client.workedMs],
    ['the client waits for a processor', ({ client }) => client.waitedMs],
  ];
  for (const [what, of] of parts) note(`in a write, ${what}: p50, p99, max`, quantileCells(writes.map(of)));
  const slowest = [...writes.entries()]
    .toSorted(([, a], [, b]) => b.tookMs - a.tookMs)
    .slice(0, SLOWEST_TOLD);
  for (const [n, write] of slowest)
    process.stderr.write(
      `write ${n}: ${write.tookMs.toFixed(1)}; ${parts.map(([what, of]) => `${what} ${of(write).toFixed(1)}`).join(', ')}\n`,
    );
  note(
    'until it is enforced, from there: p50, p99, max',
    quantileCells(writes.map((write) => write.enforcedMs)),
  );
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

/** Resident memory of a new worker: before anybody has asked, and after TOUCHED hosts, or all, were asked once each. Leaves the edge running. */
async function measureMemory(platform: ScalePlatform): Promise<{ before: number; after: number }> {
  await sleep(2_000);
  const [worker = 0] = platform.workerPids();
  const before = residentMiB(worker);
  await touchHosts(platform, Math.min(TOUCHED, platform.hosts.count));
  return { before, after: residentMiB(worker) };
}

/** Memory of a worker of TOUCHED hosts, all of them asked. */
async function measureMemoryOfFewer(): Promise<number> {
  await using platform = await createScalePlatform(TOUCHED);
  await platform.startApi();
  await platform.startEdge();
  return (await measureMemory(platform)).after;
}

/** Compares with platforms of FEW_HOSTS, which are made for it. */
async function measureRequestCosts(platform: ScalePlatform, note: Note): Promise<void> {
  await using made = new AsyncDisposableStack();
  const platforms: ScalePlatform[] = [];
  for (const count of FEW_HOSTS.filter((one) => one < platform.hosts.count)) {
    const few = made.use(await createScalePlatform(count));
    await few.startApi();
    platforms.push(few);
  }
  platforms.push(platform);
  const costs = await compareRequestCosts(platforms);
  for (const [n, { us, ratios }] of costs.entries()) {
    const size = platforms[n] === platform ? 'these' : `${platforms[n]?.hosts.count.toLocaleString('en')}`;
    const which = n === 1 ? 'in a second worker with' : 'with';
    note(
      `CPU time of the worker for a request ${which} ${size} hosts, us; to that of the first: least, median, greatest of the turns`,
      `${us.toFixed(1)}; ${ratios.map((ratio) => ratio.toFixed(3)).join(' | ')}`,
    );
  }
}

async function measure(count: number, note: Note): Promise<void> {
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
  const { before, after } = await measureMemory(platform);
  note('worker: memory before', `${before.toFixed(0)} MiB`);
  note(`worker: memory after ${TOUCHED} hosts, or all, were asked once`, `${after.toFixed(0)} MiB`);
  if (count > TOUCHED) {
    const fewer = await measureMemoryOfFewer();
    note(`worker: memory with ${TOUCHED} hosts that were all asked once`, `${fewer.toFixed(0)} MiB`);
    note('worker: memory with these hosts to that', (after / fewer).toFixed(3));
  }
  // Before the writes: what they leave answers other paths alone.
  await measureRequestCosts(platform, note);
  await platform.startEdge();
  const written = await costWhile(platform.apiPids(), false, () => measureWrites(platform));
  note('CPU time of the API for a write', `${(written.cost.cpuUs / 1_000 / WRITES).toFixed(1)} ms`);
  noteWrites(written.result, note);
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
for (const [column, count] of counts.entries()) await measure(count, noteIn(column));
const columns = counts.map((count) => `${count.toLocaleString('en')} hosts`);
console.log(`${describeMachine()}; load ${load.toFixed(1)} at the start

| milliseconds, where nothing else is said | ${columns.join(' | ')} |
|---|${columns.map(() => '---|').join('')}
${[...report].map(([what, cells]) => `| ${what} | ${cells.join(' | ')} |`).join('\n')}`);
