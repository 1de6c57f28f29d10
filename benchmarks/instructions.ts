import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { compilePreload } from './forwarding/client-certificate.ts';
import type { Figures } from './forwarding/figures.ts';
import type { Load, LoadResult } from './forwarding/load.ts';
import { HOST, type MeasuredProxy } from './forwarding/proxies.ts';
import { countedBy, countWhile, whyNotCounting } from './instructions/callgrind.ts';
import { describeMachine } from './machine.ts';
import { DEBIAN_PEERS, versionOf } from './side-by-side/debian-peers.ts';
import { h2LoadMissing, putH2Load } from './side-by-side/h2-load.ts';
import { createProxySets, makeBenchCertificates } from './side-by-side/proxy-sets.ts';
import { publish } from './side-by-side/publish.ts';
import { PROXIES, type ProxyName, type Row, rowsWith } from './side-by-side/rows.ts';
import { judge, verdictTable } from './side-by-side/verdicts.ts';

// Instructions of one request in user space, counted by valgrind: the rows of bench.ts without its clock. Run: npm run bench:instructions [-- OPTIONS]
const { values: options } = parseArgs({
  options: {
    /** Ids of rows, by comma; all where it is left out. */
    rows: { type: 'string' },
    proxies: { type: 'string', default: 'postern,nginx,haproxy,caddy' },
    /** Small requests before the counted ones; programs that were compiled before they ran have a twentieth. Bodies: a 200th of each. */
    'warm-up': { type: 'string', default: '100000' },
    requests: { type: 'string', default: '10000' },
    /** Of handshakes, once before the counted ones and once counted. */
    seconds: { type: 'string', default: '40' },
    /** Nothing is written to docs. */
    'no-write': { type: 'boolean', default: false },
  },
});
const BODIES_PER_SMALL = 1 / 200;
/** What is counted is counted in so many parts. */
const WINDOWS = 5;
const COMPILED_BEFORE: readonly string[] = DEBIAN_PEERS;
const seconds = Number(options.seconds);

const why = whyNotCounting();
if (why !== null) throw new Error(`nothing can be counted: ${why}`);
process.setMaxListeners(50);
// What was started ends with this process, however it ends.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
await using stack = new AsyncDisposableStack();
const directory = mkdtempSync(join(tmpdir(), 'postern-instructions-'));
stack.defer(() => rmSync(directory, { recursive: true, force: true }));
const chosen = options.proxies.split(',');
const missing: Partial<Record<ProxyName, string>> = {};
for (const name of PROXIES) if (!chosen.includes(name)) missing[name] = 'not asked for';
const versions = new Map(DEBIAN_PEERS.map((peer) => [peer, versionOf(peer)]));
for (const [peer, version] of versions) if (version === null) missing[peer] = 'not installed';

const certificates = makeBenchCertificates(directory);
const { client } = certificates;
const preload = compilePreload(directory);
const library = 'library' in preload ? preload.library : '';
/** How many requests the next load is of. */
let amount = 0;
const rows = rowsWith({
  ...{ client, cores: null, h2Missing: h2LoadMissing(preload) },
  put: (port, load) => putKeptLoad(port, load),
  putH2: (port, load) => putH2Load(port, { ...load, requests: amount }, { directory, cores: null, library }),
}).filter(({ id }) => options.rows === undefined || options.rows.split(',').includes(id));
const proxiesOf = await createProxySets({
  ...{ stack, directory, certificates, missing, words: countedBy(directory) },
  ...{ proxyCore: null, otherCores: null },
});
/** Kept connections by row and proxy: the load program, and the lines that it prints. */
const kept = new Map<string, { ask(requests: number): Promise<void> }>();
let keptId = '';
const runs = new Map<string, Map<string, Figures[]>>();
const failures: string[] = [];
for (const row of rows) {
  const figures = new Map<string, Figures[]>();
  runs.set(row.id, figures);
  if (row.missing !== undefined) {
    failures.push(`${row.title}: ${row.missing}`);
    continue;
  }
  for (const [name, proxy] of await proxiesOf(row.set)) {
    try {
      const counts = await measure(row, name, proxy);
      // The window with the least is what is compared: V8 compiles, or looks through its whole heap, in one or the other.
      const windows = counts.map((instructions) => ({
        cpuUs: instructions,
        perSecond: 0,
        p99Ms: 0,
        instructions,
      }));
      figures.set(name, windows);
      console.error(`${row.id}: ${name}: ${counts.map(Math.round).join(' ')} instructions`);
    } catch (error) {
      failures.push(
        `${row.title}, ${name}: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
      );
      console.error(`${row.id}: ${name}: ${String(error)}`);
    }
  }
}
report();

async function measure(row: Row, name: string, proxy: MeasuredProxy): Promise<number[]> {
  const scale = row.id === 'download' || row.id === 'upload' ? BODIES_PER_SMALL : 1;
  const warmUp = Number(options['warm-up']) * scale;
  keptId = `${row.id} ${name}`;
  amount = Math.ceil(COMPILED_BEFORE.includes(name) ? warmUp / 20 : warmUp);
  await row.put(proxy, seconds);
  amount = Math.ceil((Number(options.requests) * scale) / WINDOWS);
  const counts: number[] = [];
  for (let window = 0; window < WINDOWS; window += 1) {
    const { result, instructions } = await countWhile(proxy.pid, directory, () =>
      row.put(proxy, seconds / WINDOWS),
    );
    counts.push(instructions / result.requests);
  }
  return counts;
}

/** `amount` requests over the connections of the row and proxy that is measured, which are opened with the first. */
async function putKeptLoad(port: number, load: Load): Promise<LoadResult> {
  let program = kept.get(keptId);
  if (program === undefined) {
    program = await startKeptLoad(port, load);
    kept.set(keptId, program);
  }
  await program.ask(amount);
  return { requests: amount, seconds: 0, p99Ms: 0 };
}

async function startKeptLoad(port: number, load: Load): Promise<{ ask(requests: number): Promise<void> }> {
  const file = join(import.meta.dirname, 'instructions/kept-load-main.ts');
  const child = spawn(process.execPath, [file, HOST, String(port), JSON.stringify(load)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  stack.defer(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const expect = async (word: string): Promise<void> => {
    const { value } = await lines.next();
    if (value !== word)
      throw new Error('the load program ended: a request failed, or the proxy closed a connection');
  };
  await expect('connected');
  return {
    async ask(requests) {
      child.stdin.write(`${requests}\n`);
      await expect('done');
    },
  };
}

function report(): void {
  const names = PROXIES.filter((name) => chosen.includes(name));
  const lines = rows.map(({ id, title }) => {
    const cells = names.map((name) => {
      const counts = (runs.get(id)?.get(name) ?? []).map(({ cpuUs }) => cpuUs / 1000).sort((a, b) => a - b);
      const [least, median] = [counts[0], counts[counts.length >> 1]];
      return least === undefined || median === undefined ? '-' : `${least.toFixed(1)} (${median.toFixed(1)})`;
    });
    return `| ${title} | ${cells.join(' | ')} |`;
  });
  const peers = [...versions].map(([peer, version]) => `${peer} ${version ?? '(not installed)'}`).join(', ');
  const text = `    npm run bench:instructions -- --warm-up ${options['warm-up']} --requests ${options.requests} --seconds ${seconds}${options.rows === undefined ? '' : ` --rows ${options.rows}`}

${describeMachine()}; ${peers}. Thousand instructions in user space for one, in the one of ${WINDOWS} windows with the least (median of the windows):

| work | ${names.join(' | ')} |
|---|${names.map(() => '---|').join('')}
${lines.join('\n')}
${failures.length === 0 ? '' : `\nNot counted: ${failures.join('; ')}.\n`}
${verdictTable(judge(rows, runs).filter(({ measured }) => !Number.isNaN(measured)))}
`;
  console.log(text);
  if (!options['no-write']) publish('instructions', text);
}
