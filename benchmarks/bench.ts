import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkout } from '../test/platform/platform.ts';
import { compilePreload } from './forwarding/client-certificate.ts';
import { costTable, type Figures, figuresOf } from './forwarding/figures.ts';
import { chooseLoad } from './forwarding/load.ts';
import { canCountInstructions, costWhile, pin } from './forwarding/process-cost.ts';
import { describeMachine } from './machine.ts';
import { drawChart } from './side-by-side/chart.ts';
import { DEBIAN_PEERS, versionOf } from './side-by-side/debian-peers.ts';
import { h2LoadMissing, putH2Load } from './side-by-side/h2-load.ts';
import { compareManyHosts } from './side-by-side/many-hosts.ts';
import { createProxySets, makeBenchCertificates } from './side-by-side/proxy-sets.ts';
import { publish } from './side-by-side/publish.ts';
import { PROXIES, type ProxyName, type Row, rowsWith } from './side-by-side/rows.ts';
import { judge, verdictTable } from './side-by-side/verdicts.ts';

// Postern beside nginx, HAProxy, Caddy, http-proxy and http-proxy-3. Run: npm run bench [-- OPTIONS]
const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '5' },
    /** Seconds of load before the rounds that count: programs that are compiled as they run are slow at first. */
    'warm-up': { type: 'string', default: '5' },
    /** Ids of rows, by comma; all where it is left out. */
    rows: { type: 'string' },
    /** mTLS hosts of the comparison of many; 0 leaves it out. */
    hosts: { type: 'string', default: '10000' },
    /** Nothing is written to docs. */
    'no-write': { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const seconds = Number(options.seconds);
const warmUp = Number(options['warm-up']);
const hosts = Number(options.hosts);
const cores = cpus().length;
/** The proxy has one core; load, upstream and everything else the others. */
const proxyCore = cores < 2 ? null : String(cores - 1);
const otherCores = cores < 2 ? null : cores > 2 ? `0-${cores - 2}` : '0';

// Each proxy has a listener of its own that ends it with this process.
process.setMaxListeners(50);
await using stack = new AsyncDisposableStack();
let interruptedBy: string | null = null;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruptedBy = signal;
  });
}
const loadBefore = loadavg()[0] ?? 0;
const directory = mkdtempSync(join(tmpdir(), 'postern-bench-'));
stack.defer(() => rmSync(directory, { recursive: true, force: true }));
const versions = new Map(DEBIAN_PEERS.map((peer) => [peer, versionOf(peer)]));
const missing: Partial<Record<ProxyName, string>> = {};
for (const [peer, version] of versions) if (version === null) missing[peer] = 'not installed';
if (otherCores !== null) pin(process.pid, otherCores);

const certificates = makeBenchCertificates(directory);
const generator = chooseLoad(directory, otherCores);
const preload = compilePreload(directory);
const rows = rowsWith({
  client: certificates.client,
  cores: otherCores,
  put: generator.put,
  putH2: (port, load) =>
    putH2Load(port, load, {
      ...{ directory, cores: otherCores, library: 'library' in preload ? preload.library : '' },
    }),
  h2Missing: h2LoadMissing(preload),
}).filter(({ id }) => options.rows === undefined || options.rows.split(',').includes(id));
const proxiesOf = await createProxySets({ stack, directory, certificates, proxyCore, otherCores, missing });
const countInstructions = canCountInstructions();
/** Why something was not measured, by row and proxy. */
const reasons = new Map<string, Map<string, string>>();
const runs = new Map<string, Map<string, Figures[]>>();
for (const together of Map.groupBy(rows, ({ id, turns = id }) => turns).values()) await measure(together);
const manyHosts =
  hosts > 0 ? await compareManyHosts({ directory, count: hosts, core: proxyCore, missing, goOn }) : null;
report();

/** Between steps, each a few seconds long: an interrupted run ends here, with everything that it started. */
function goOn(): void {
  if (interruptedBy !== null) throw new Error(`ended by ${interruptedBy}`);
}

/**
 * All proxies are there all the time, one is under load: what else the machine does meets them alike, and so it does rows of one proxy that
 * are measured together.
 */
async function measure(together: readonly Row[]): Promise<void> {
  for (const row of together) {
    runs.set(row.id, new Map());
    reasons.set(row.id, new Map(Object.entries({ ...missing, ...row.impossible })));
  }
  // Round 0 warms up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of PROXIES) for (const row of together) await measureOnce(row, name, round);
  }
}

async function measureOnce(row: Row, name: ProxyName, round: number): Promise<void> {
  const [figures, why] = [runs.get(row.id), reasons.get(row.id)];
  if (figures === undefined || why === undefined || why.has(name)) return;
  if (row.missing !== undefined) {
    why.set(name, row.missing);
    return;
  }
  const proxy = (await proxiesOf(row.set)).get(name);
  if (proxy === undefined) return;
  goOn();
  try {
    const { result, cost } = await costWhile([proxy.pid], countInstructions, () =>
      row.put(proxy, round === 0 ? warmUp : seconds),
    );
    const one = figuresOf(result, cost);
    if (round > 0) figures.set(name, [...(figures.get(name) ?? []), one]);
    console.error(`${row.id}: round ${round}, ${name}: ${one.cpuUs.toFixed(1)} us`);
  } catch (error) {
    // The others are measured all the same, and the report says what happened to this one.
    why.set(name, `failed: ${firstLine(error)}`);
    console.error(`${row.id}: ${name}: ${String(error)}`);
  }
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]?.replaceAll('|', '/') ?? '';
}

function rowSection(row: Row): string {
  const left = [...(reasons.get(row.id) ?? [])].map(([name, why]) => `${name}: ${why}`);
  const measured = runs.get(row.id) ?? new Map<string, Figures[]>();
  const isEmpty = [...measured.values()].every((all) => all.length === 0);
  const table = isEmpty ? 'Nobody was measured.' : costTable(measured, row.unit, 'nginx');
  return `**${row.title}**\n\n${table}\n${left.length === 0 ? '' : `\nNot measured: ${left.join('; ')}.\n`}`;
}

function report(): void {
  const peers = [...versions].map(([peer, version]) => `${peer} ${version ?? '(not installed)'}`).join(', ');
  const placing =
    cores < 2 ? 'one core for everything' : 'each proxy alone on one core, load and upstreams on the rest';
  const counted = countInstructions
    ? 'instructions by perf stat'
    : 'CPU time: this machine has no counter of instructions';
  const verdicts = [...judge(rows, runs), ...(manyHosts?.verdicts ?? [])];
  const text = `    npm run bench -- --rounds ${rounds} --seconds ${seconds} --warm-up ${warmUp} --hosts ${hosts}${options.rows === undefined ? '' : ` --rows ${options.rows}`}

${describeMachine()}; load ${loadBefore.toFixed(1)} at the start. ${peers}; these are Debian's, which link OpenSSL 3.0, so that a part
of the lead in handshakes is the newer OpenSSL's. http-proxy 1.18.1, http-proxy-3 2.0.1. Load: ${generator.name}; ${placing}. Cost: ${counted}.
The round with the least CPU time of ${rounds} in turn, and the median of all. Ratios are to nginx.

${verdictTable(verdicts)}

![What one request costs each proxy](benchmarks.svg)

${rows.map(rowSection).join('\n')}
${manyHosts?.section ?? ''}`;
  console.log(text);
  if (options['no-write']) return;
  publish('bench', text);
  const caption = `Cost of one, least of ${rounds} rounds; ${counted}`;
  writeFileSync(join(checkout, 'docs/benchmarks.svg'), drawChart(rows, runs, caption));
}
