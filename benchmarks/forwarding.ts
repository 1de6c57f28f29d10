import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { countLeftStreams, STREAMS, seeBrokenAnswer, tryHttp2 } from './forwarding/behaviours.ts';
import { costTable, type Figures, figuresOf } from './forwarding/figures.ts';
import { chooseLoad, type Load, type PutLoad } from './forwarding/load.ts';
import { canCountInstructions, costWhile, pin } from './forwarding/process-cost.ts';
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
const target = `http://127.0.0.1:${upstream.port}`;
const proxies: MeasuredProxy[] = [];
for (const peer of PEERS) {
  goOn();
  proxies.push(await startPeer(stack, { peer, ...certificate, target, protocol: 'http1' }));
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
      const { result, cost } = await costWhile([pid], countInstructions, () => put(port, load));
      const figures = figuresOf(result, cost);
      runs.get(name)?.push(figures);
      console.error(`${load.path}: round ${round}, ${name}: ${figures.cpuUs.toFixed(1)} us`);
    }
  }
  return runs;
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
  const { port, running } = await startPeer(own, { peer, ...certificate, target, protocol: 'http2' });
  return await tryHttp2(port, () =>
    running.process.exitCode === null
      ? null
      : (/^\w*Error.*$/m.exec(running.output())?.[0] ?? `exit ${running.process.exitCode}`),
  );
}

function report(): void {
  const placing =
    cores < 2 ? 'one core for everything' : 'the proxy alone on one core, load and upstream on the rest';
  console.log(`${describeMachine()}; load ${loadBefore.toFixed(1)} at the start. Load generator: ${generator.name}; ${placing}.
The round with the least CPU time of ${rounds} in turn, and the median of all. Instructions: ${countInstructions ? 'perf stat' : 'no counter on this machine'}.

Small GET, TLS 1.3, HTTP/1.1, ${SMALL.connections} kept connections, ${SMALL.seconds} s a round:

${costTable(small, 'request', PEERS[0])}

1 MiB download, TLS 1.3, HTTP/1.1, ${LARGE.connections} kept connections, ${LARGE.seconds} s a round:

${costTable(large, 'download', PEERS[0])}

| behaviour | ${proxies.map(({ name }) => name).join(' | ')} |
|---|${'---|'.repeat(proxies.length)}
${behaviours.map((row) => `| ${row.join(' | ')} |`).join('\n')}`);
}
