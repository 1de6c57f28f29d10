import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { type ClientHttp2Session, connect } from 'node:http2';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@postern/client';
import { RefusalRecorder } from '../apps/edge/src/ledger/refusal-recorder.ts';
import { startPlatform } from '../test/platform/platform.ts';
import { describeMachine } from './machine.ts';
import { workerPidsOf } from './worker-processes.ts';

// What does a flood of refused requests cost honest clients, and the disk? Run: npm run bench:ledger [-- SECONDS [RATE]]
const seconds = Number(process.argv[2] ?? 20);
const rate = Number(process.argv[3] ?? 10_000);
const HOST = 'measured.localhost';
/** Kept connections of the flood. */
const CONNECTIONS = 8;
/** Milliseconds between two requests of the honest client. */
const HONEST_EVERY_MS = 20;

/** Microseconds of processor time for one refusal in the recorder: of one client, and of ever new ones. */
function costOfRecording(): { folded: string; fresh: string } {
  const recorder = new RefusalRecorder('bench', Date.now);
  const input = {
    document: { project: 'default', route: 'measured', host: HOST },
    revision: 1,
    sni: HOST,
    reason: 'subject_not_allowed',
    detail: 'no matcher admits it',
    rule: null,
    clientAddress: '192.0.2.1',
    fingerprint: 'a'.repeat(64),
    chain: [],
    tlsVersion: 'TLSv1.3',
  };
  const measure = (record: (n: number) => void): string => {
    const rounds = 200_000;
    for (let n = 0; n < 10_000; n += 1) record(n);
    const before = process.cpuUsage();
    for (let n = 0; n < rounds; n += 1) record(n);
    const { user, system } = process.cpuUsage(before);
    return ((user + system) / rounds).toFixed(2);
  };
  return {
    folded: measure(() => void recorder.record(input)),
    fresh: measure((n) => void recorder.record({ ...input, fingerprint: `${n}` })),
  };
}

await using platform = await startPlatform(() => ({ POSTERN_EDGE_WORKERS: '2' }));
const client = createClient({
  url: `http://127.0.0.1:${platform.ports.api}`,
  token: readFileSync(join(platform.directory, 'data/admin-token'), 'utf8').trim(),
  timeoutMs: 10_000,
});
async function postern(...args: string[]): Promise<void> {
  const { code, stderr } = await platform.postern(args);
  if (code !== 0) throw new Error(stderr);
}
await postern('dev-cert', 'ca', 'bench', '--out-dir', platform.directory);
for (const name of ['honest.acme.org', 'refused.acme.org'])
  await postern(
    'dev-cert',
    'client',
    name,
    '--ca',
    join(platform.directory, 'bench'),
    '--out-dir',
    platform.directory,
  );
await postern('secret', 'create', 'tls-ca', 'bench-ca', '--cert', join(platform.directory, 'bench.crt'));
await postern(
  ...[
    'route',
    'create',
    'measured',
    '--hostname',
    HOST,
    '--path',
    '/=echo',
    '--client-ca-secret',
    'bench-ca',
  ],
  ...['--client-certificate-subject', 'honest.acme.org'],
);

const url = `https://127.0.0.1:${platform.ports.https}`;
function open(name: string): ClientHttp2Session {
  const session = connect(url, {
    servername: HOST,
    cert: readFileSync(join(platform.directory, `${name}.crt`)),
    key: readFileSync(join(platform.directory, `${name}.key`)),
    rejectUnauthorized: false,
  });
  session.on('error', () => {});
  return session;
}

/** Milliseconds of one request; fails where it is not 200. */
async function askHonestly(session: ClientHttp2Session): Promise<number> {
  const startedAt = performance.now();
  const stream = session.request({ ':path': '/', ':authority': HOST });
  const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
  stream.resume();
  await once(stream, 'end');
  if (headers[':status'] !== 200) throw new Error(`the honest client got ${String(headers[':status'])}`);
  return performance.now() - startedAt;
}

async function honestLatencies(): Promise<number[]> {
  const session = open('honest.acme.org');
  await askHonestly(session);
  const latencies: number[] = [];
  const end = performance.now() + seconds * 1_000;
  while (performance.now() < end) {
    latencies.push(await askHonestly(session));
    await sleep(HONEST_EVERY_MS);
  }
  session.destroy();
  return latencies;
}

/** The flood runs in a process of its own; it prints how many refusals it got. */
function startFlood(): ChildProcess {
  const script = join(import.meta.dirname, 'ledger/flood-main.ts');
  const file = join(platform.directory, 'refused.acme.org');
  const args = [script, url, HOST, file, String(seconds), String(rate), String(CONNECTIONS)];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

function databaseBytes(): number {
  return ['postern.db', 'postern.db-wal'].reduce((sum, name) => {
    const { size } = statSync(join(platform.directory, 'data', name), { throwIfNoEntry: false }) ?? {
      size: 0,
    };
    return sum + size;
  }, 0);
}

const loadBefore = loadavg()[0] ?? 0;
const workers = workerPidsOf(platform.running.process.pid ?? 0);
const { folded, fresh } = costOfRecording();
const quiet = await honestLatencies();
const bytesBefore = databaseBytes();
const flood = startFlood();
let said = '';
flood.stdout?.setEncoding('utf8').on('data', (text: string) => {
  said += text;
});
const flooded = await honestLatencies();
if (flood.exitCode === null) await once(flood, 'exit');
await sleep(2_000);
const { items, dropped } = await client.refusals.list('default', { reason: 'subject_not_allowed' });
const recorded = items.reduce((sum, { count }) => sum + count, 0);

function row(name: string, values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (q: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0).toFixed(1);
  return `| ${name} | ${values.length} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`;
}
console.log(`${describeMachine()}; load ${loadBefore.toFixed(1)} at the start, ${workers.length} workers.
${seconds} s, ${CONNECTIONS} kept connections that ask ${rate} times a second and are refused.

| honest client, milliseconds | requests | p50 | p99 | max |
|---|---|---|---|---|
${row('alone', quiet)}
${row('beside the flood', flooded)}

| the flood | |
|---|---|
| refusals answered | ${said.trim()} (${Math.round(Number(said) / seconds)} a second) |
| refusals in the ledger | ${recorded}, in ${items.length} entries; dropped ${dropped} |
| growth of the database, KiB | ${Math.round((databaseBytes() - bytesBefore) / 1024)} |
| recording one, CPU us | folded ${folded}; of ever new clients ${fresh} |`);
