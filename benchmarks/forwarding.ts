import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { countLeftStreams, STREAMS, seeBrokenAnswer, tryHttp2 } from './forwarding/behaviours.ts';
import { chooseLoad, type Load, type LoadResult, type PutLoad } from './forwarding/load.ts';
import { canCountInstructions, costWhile, type ProcessCost, pin } from './forwarding/process-cost.ts';
import {
  type MeasuredProxy,
  makeCertificate,
  PEERS,
  startListening,
  startPeer,
  startPostern,
} from './forwarding/proxies.ts';
import { describeMachine } from './machine.ts';

// What does a forwarded request cost, and what happens when things go wrong, in Postern's edge and in the http-proxy family?
// Run: npm run bench:forwarding [-- ROUNDS]
const rounds = Number(process.argv[2] ?? 10);
const cores = cpus().length;
/** The proxy has one core; load, upstream and everything else the others. */
const PROXY_CORE = String(cores - 1);
const OTHER_CORES = cores > 2 ? `0-${cores - 2}` : '0';
const SMALL: Load = { path: '/small', connections: 16, seconds: 2 };
const LARGE: Load = { path: '/large', connections: 4, seconds: 2 };
const WARM_UP_SECONDS = 2;

/** One round of one proxy, per request. */
interface Figures {
  readonly cpuUs: number;
  readonly instructions: number | null;
  readonly perSecond: number;
  readonly p99Ms: number;
}

await using stack = new AsyncDisposableStack();
let interruptedBy: string | null = null;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruptedBy = signal;
  });
}
const directory = mkdtempSync(join(tmpdir(), 'postern-bench-'));
stack.defer(() => rmSync(directory, { recursive: true, force: true }));
const certificate = makeCertificate(directory);
const upstream = await startListening(stack, 'upstream-main.ts', []);
const proxies: MeasuredProxy[] = [];
for (const peer of PEERS) {
  goOn();
  proxies.push(await startPeer(stack, peer, certificate, upstream.port, 'http1'));
}
goOn();
proxies.push(await startPostern(stack, certificate, upstream.port));

pin(process.pid, OTHER_CORES);
pin(upstream.running.process.pid ?? 0, OTHER_CORES);
for (const { pid } of proxies) pin(pid, PROXY_CORE);
const generator = chooseLoad(directory, cores < 2 ? null : OTHER_CORES);
const countInstructions = canCountInstructions();
const loadBefore = loadavg()[0] ?? 0;

const small = await measure(SMALL, generator.put);
const large = await measure(LARGE, generator.put);
const behaviours = await compareBehaviours();
report();

/** Between steps, each a few seconds long: an interrupted run ends here, with everything that it started. */
function goOn(): void {
  if (interruptedBy !== null) throw new Error(`ended by ${interruptedBy}`);
}

/** All proxies are there all the time, one is under load: what else the machine does meets them alike. */
async function measure(load: Load, put: PutLoad): Promise<Map<string, Figures[]>> {
  const runs = new Map<string, Figures[]>(proxies.map(({ name }) => [name, []]));
  for (const { name, port } of proxies) {
    goOn();
    console.error(`${load.path}: warming ${name} up`);
    await put(port, { ...load, seconds: WARM_UP_SECONDS });
  }
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, port, pid } of proxies) {
      goOn();
      const { result, cost } = await costWhile(pid, countInstructions, () => put(port, load));
      const figures = figuresOf(result, cost);
      runs.get(name)?.push(figures);
      console.error(`${load.path}: round ${round}, ${name}: ${figures.cpuUs.toFixed(1)} us`);
    }
  }
  return runs;
}

function figuresOf({ requests, seconds, p99Ms }: LoadResult, cost: ProcessCost): Figures {
  return {
    cpuUs: cost.cpuUs / requests,
    instructions: cost.instructions === null ? null : cost.instructions / requests,
    perSecond: requests / seconds,
    p99Ms,
  };
}

/** The least disturbed round: whatever else the machine does can only add to a CPU time. */
function calmestOf(all: readonly Figures[]): Figures | undefined {
  return [...all].sort((a, b) => a.cpuUs - b.cpuUs)[0];
}

async function compareBehaviours(): Promise<string[][]> {
  const rows = [
    [`upstream streams open 2 s after ${STREAMS} of ${STREAMS} clients aborted`],
    ['GET over HTTP/2'],
    ['upstream dies in an answer with Content-Length (50,000 of 100,000 bytes sent)'],
    ['upstream dies in a chunked answer (50,000 bytes sent)'],
  ];
  for (const { name, port } of proxies) {
    goOn();
    console.error(`behaviours: ${name}`);
    const peer = PEERS.find((known) => known === name);
    rows[0]?.push(String(await countLeftStreams(port, upstream.port)));
    rows[1]?.push(peer === undefined ? await tryHttp2(port, () => null) : await tryHttp2OfPeer(peer));
    rows[2]?.push(await seeBrokenAnswer(port, '/dies-sized'));
    rows[3]?.push(await seeBrokenAnswer(port, '/dies-chunked'));
  }
  return rows;
}

/** A server of its own, since it may end of it. */
async function tryHttp2OfPeer(peer: (typeof PEERS)[number]): Promise<string> {
  await using own = new AsyncDisposableStack();
  const { port, running } = await startPeer(own, peer, certificate, upstream.port, 'http2');
  return await tryHttp2(port, () =>
    running.process.exitCode === null
      ? null
      : (/^\w*Error.*$/m.exec(running.output())?.[0] ?? `exit ${running.process.exitCode}`),
  );
}

function costTable(runs: ReadonlyMap<string, readonly Figures[]>, unit: string): string {
  const base = calmestOf(runs.get(PEERS[0]) ?? [])?.cpuUs ?? Number.NaN;
  const rows = [...runs].flatMap(([name, all]) => {
    const calmest = calmestOf(all);
    if (calmest === undefined) return [];
    const { cpuUs, instructions, perSecond, p99Ms } = calmest;
    const cpus = all.map((figures) => figures.cpuUs).sort((a, b) => a - b);
    const median = cpus[cpus.length >> 1] ?? Number.NaN;
    const counted = instructions === null ? '-' : Math.round(instructions / 1000);
    return `| ${name} | ${cpuUs.toFixed(0)} | ${(cpuUs / base).toFixed(2)} | ${median.toFixed(0)} | ${counted} | ${perSecond.toFixed(0)} | ${p99Ms.toFixed(1)} |`;
  });
  return `| proxy | CPU us per ${unit} | ratio | median CPU us | thousand instructions | ${unit}s per second | p99 ms |
|---|---|---|---|---|---|---|
${rows.join('\n')}`;
}

function report(): void {
  const placing =
    cores < 2 ? 'one core for everything' : 'the proxy alone on one core, load and upstream on the rest';
  console.log(`${describeMachine()}; load ${loadBefore.toFixed(1)} at the start. Load generator: ${generator.name}; ${placing}.
The round with the least CPU time of ${rounds} in turn, and the median of all. Instructions: ${countInstructions ? 'perf stat' : 'no counter on this machine'}.

Small GET, TLS 1.3, HTTP/1.1, ${SMALL.connections} kept connections, ${SMALL.seconds} s a round:

${costTable(small, 'request')}

1 MiB download, TLS 1.3, HTTP/1.1, ${LARGE.connections} kept connections, ${LARGE.seconds} s a round:

${costTable(large, 'download')}

| behaviour | ${proxies.map(({ name }) => name).join(' | ')} |
|---|${'---|'.repeat(proxies.length)}
${behaviours.map((row) => `| ${row.join(' | ')} |`).join('\n')}`);
}
