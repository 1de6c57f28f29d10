import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OpensslCertificates, pemOf } from '../apps/edge/src/testing/openssl-certificates.ts';
import { startPlatform } from '../test/platform/platform.ts';
import { describeMachine } from './machine.ts';
import { growthMib, samplesOf } from './process-samples.ts';
import { publish } from './side-by-side/publish.ts';
import { keepGoing, makeSoakClients, type SoakTarget } from './soak/soak-clients.ts';
import { writeCollector } from './soak/write-collector.ts';
import { workerPidsOf } from './worker-processes.ts';

// Does anything grow? Run: npm run soak [-- --seconds SECONDS] [--no-write]
const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, 'no-write': { type: 'boolean', default: false } },
});
const seconds = Number(options.seconds);
const HOST = 'soak.localhost';
const WORKERS = 2;
const CHANGES_PER_SECOND = 5;
/** How long after the last request descriptors may take to be closed: kept connections to upstreams have their time. */
const REST_MAX_MS = 120_000;

let interruptedBy: string | null = null;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruptedBy = signal;
  });
}
const load = loadavg()[0] ?? 0;
const samplesDirectory = mkdtempSync(join(tmpdir(), 'postern-soak-'));
process.once('exit', () => rmSync(samplesDirectory, { recursive: true, force: true }));
await using platform = await startPlatform(() => ({
  POSTERN_EDGE_WORKERS: String(WORKERS),
  NODE_OPTIONS: writeCollector(samplesDirectory),
}));
const openssl = new OpensslCertificates(platform.directory);
const ca = openssl.selfSigned('Soak CA');
const leaf = openssl.signed(ca, 'soak-client');
const { client } = platform;
await client.secrets.put('default', 'clients', { secret: { type: 'tls-ca', cert: pemOf(ca.cert) } });
const specOf = (n: number) => ({
  host: HOST,
  tls: { clientValidationCa: { name: 'clients' } },
  validation: { clientCertificate: { subjectMatches: [{ exact: 'soak-client' }, { exact: `other-${n}` }] } },
  routes: [
    { prefix: `/n${n}`, route: { service: 'echo' } },
    { prefix: '/', enableWebsockets: true, route: { service: 'echo' } },
  ],
});
const { revision } = await client.routes.create('default', { name: 'soak', spec: specOf(0) });
await client.waitApplied({ revision, job: null, timeoutMs: 60_000 });
// Its certificate is made after it.
while (!(await client.routes.get('default', 'soak')).status.ready) await sleep(50);
const target: SoakTarget = {
  port: platform.ports.https,
  host: HOST,
  cert: pemOf(leaf.cert),
  key: pemOf(leaf.key),
};

const platformPid = platform.running.process.pid ?? 0;
const processes = new Map([
  ['platform (API, feed, supervisor)', platformPid],
  ...workerPidsOf(platformPid).map((pid, n): [string, number] => [`worker ${n + 1}`, pid]),
]);
const before = new Map([...processes].map(([name, pid]) => [name, descriptorsOf(pid)]));
const startedAtMs = Date.now();
const startedAt = performance.now();
const elapsed = (): number => (performance.now() - startedAt) / 1000;
const isOver = (): boolean => interruptedBy !== null || elapsed() >= seconds;
const clients = makeSoakClients(target);
const [changes, ...outcomes] = await Promise.all([
  keepChanging(),
  ...clients.map((one) => keepGoing(one, isOver)),
]);
if (interruptedBy === null) {
  await rest();
  report();
} else console.error(`ended by ${interruptedBy}`);

/** Rules and matchers of the route change; what its clients ask for and who they are stays admitted. */
async function keepChanging(): Promise<number> {
  let count = 0;
  while (!isOver()) {
    count += 1;
    await client.routes.update('default', 'soak', { spec: specOf(count) });
    await sleep(Math.max(0, (count / CHANGES_PER_SECOND - elapsed()) * 1000));
  }
  return count;
}

async function rest(): Promise<void> {
  const endAt = performance.now() + REST_MAX_MS;
  while (performance.now() < endAt) {
    if ([...processes].every(([name, pid]) => descriptorsOf(pid) <= (before.get(name) ?? 0))) return;
    await sleep(500);
  }
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function report(): void {
  const half = seconds / 2;
  const rows = [...processes].map(([name, pid]) => {
    const late = samplesOf(samplesDirectory, pid, startedAtMs + half * 1_000).filter(
      ({ atMs }) => atMs < startedAtMs + seconds * 1_000,
    );
    const grown = growthMib(late, 'residentMib');
    const left = descriptorsOf(pid) - (before.get(name) ?? 0);
    const figures = [
      ...[late.at(0)?.residentMib, late.at(-1)?.residentMib].map((mib) => mib?.toFixed(1) ?? '-'),
      ...[grown, growthMib(late, 'livingMib'), growthMib(late, 'codeMib')].map((mib) => mib.toFixed(2)),
    ];
    return { line: `| ${name} | ${figures.join(' | ')} | ${left} |`, grown, left };
  });
  const served = clients.map(({ kind }, n) => {
    const { steps = 0, failures = 0, faults } = outcomes[n] ?? {};
    const texts = [...(faults ?? [])].map(([text, count]) => `${count} x ${text.replaceAll('|', '/')}`);
    return { line: `| ${kind} | ${steps} | ${failures} | ${texts.join('; ')} |`, failures };
  });
  const failed = served.reduce((sum, { failures }) => sum + failures, 0);
  const leaked = rows.reduce((sum, { left }) => sum + Math.max(0, left), 0);
  const most = Math.max(...rows.map(({ grown }) => grown));
  const verdict = (isMet: boolean): string => (isMet ? 'met' : '**not met**');
  const text = `    npm run soak${seconds === 600 ? '' : ` -- --seconds ${seconds}`}

${describeMachine()}; load ${load.toFixed(1)} at the start; ${seconds} s, ${WORKERS} workers, ${changes} changes of the host's rules and matchers.

| bar | measured | |
|---|---|---|
| resident memory of each process grows by under 1 MiB in the last ${half} s | at most ${most.toFixed(2)} MiB | ${verdict(most < 1)} |
| no descriptor leaked | ${leaked} | ${verdict(leaked === 0)} |
| no failed request | ${failed} | ${verdict(failed === 0)} |

| process | resident at the half, MiB | at the end | growth by the line | of what lives | of that, compiled code | descriptors more than before |
|---|---|---|---|---|---|---|
${rows.map(({ line }) => line).join('\n')}

| client | steps | failed | how |
|---|---|---|---|
${served.map(({ line }) => line).join('\n')}`;
  console.log(text);
  if (!options['no-write']) publish('soak', text);
}
