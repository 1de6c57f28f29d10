import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPlatform } from '../test/platform/platform.ts';
import { costWhile, pin } from './forwarding/process-cost.ts';
import { describeMachine } from './machine.ts';
import type { AttackName, AttackOrder } from './overload/attacks-main.ts';
import { workerPidsOf } from './worker-processes.ts';

// How is an honest client served while others attack, and what does the edge's worker keep? Run: npm run bench:overload [-- SECONDS [ATTACK]]
const seconds = Number(process.argv[2] ?? 20);
/** Only attacks whose name begins so, and the quiet before. */
const only = process.argv[3] ?? '';
const HOST = 'attacked.localhost';
const EVERY_MS = 10;
const MIB = 1024 * 1024;
const ROUNDS: readonly (readonly AttackName[])[] = [
  [],
  ['rapid reset'],
  ['CONTINUATION'],
  ['SETTINGS'],
  ['slow clients'],
  ['half handshakes'],
  ['hellos at once'],
  ['rapid reset', 'CONTINUATION', 'SETTINGS', 'slow clients', 'half handshakes'],
];

await using platform = await startPlatform(() => ({ POSTERN_EDGE_WORKERS: '1' }));
const made = await platform.postern([
  ...['route', 'create', 'attacked', '--hostname', HOST, '--path', '/=echo'],
]);
if (made.code !== 0) throw new Error(made.stderr);
const [worker = 0] = workerPidsOf(platform.running.process.pid ?? 0);
// The worker has a core of its own; attackers, client and upstream have the others.
const cores = cpus().length;
pin(worker, String(cores - 1));
const OTHERS = cores > 2 ? `0-${cores - 2}` : '0';
pin(process.pid, OTHERS);
const kept = new Agent({ keepAlive: true, maxSockets: 1 });
const loadBefore = loadavg()[0] ?? 0;

await ask(kept);
// What a worker takes once it has worked is no growth.
await measure(ROUNDS.at(-1) ?? [], 5);
await settle();
const restingMib = rssMib();
const rows: string[] = [];
for (const attacks of ROUNDS.filter(([first = '']) => first === '' || first.startsWith(only))) {
  console.error(attacks.join(', ') || 'nobody attacks');
  const { latencies, failures, peakMib, before, cpuShare, waitShare, ownDelayMs } = await measure(
    attacks,
    seconds,
  );
  latencies.sort((a, b) => a - b);
  const at = (part: number) => (latencies[Math.ceil(latencies.length * part) - 1] ?? Number.NaN).toFixed(1);
  rows.push(
    `| ${attacks.length > 1 ? 'all of them' : (attacks[0] ?? 'none')} | ${latencies.length} | ${failures} | ${at(0.5)} | ${at(0.99)} | ${at(1)} | ${(peakMib - before).toFixed(0)} | ${(cpuShare * 100).toFixed(0)} | ${(waitShare * 100).toFixed(0)} | ${ownDelayMs.toFixed(1)} |`,
  );
  await settle();
}
kept.destroy();
console.log(`${describeMachine()}; one worker, ${seconds} s each; load ${loadBefore.toFixed(1)} at the start.

| attack | honest requests | failed | p50 ms | p99 ms | max ms | memory grew by MiB | CPU of the worker, % of a core | it waited for its core, % | the client's own delay, p99 ms |
|---|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}

At rest the worker has ${restingMib.toFixed(0)} MiB before, ${rssMib().toFixed(0)} MiB after all of it.`);

interface Measured {
  readonly latencies: number[];
  readonly failures: number;
  readonly peakMib: number;
  readonly before: number;
  readonly cpuShare: number;
  /** The part of the time in which the worker had something to do and no core to do it on. */
  readonly waitShare: number;
  /** How late the client itself is, which waits for a core beside the attackers: what of its latency is none of the edge's. */
  readonly ownDelayMs: number;
}

async function measure(attacks: readonly AttackName[], forSeconds: number): Promise<Measured> {
  const before = rssMib();
  const attackers = attacks.map(startAttack);
  // The crowds are there by then.
  if (attacks.length > 0) await sleep(3_000);
  const latencies: number[] = [];
  let failures = 0;
  let peakMib = before;
  const ownDelay = monitorEventLoopDelay({ resolution: EVERY_MS });
  ownDelay.enable();
  const waitedBefore = waitedMs();
  const beganAt = performance.now();
  const { cost } = await costWhile([worker], false, async () => {
    while (performance.now() < beganAt + forSeconds * 1000) {
      const startedAt = performance.now();
      // Every tenth makes a connection of its own.
      const agent = latencies.length % 10 === 9 ? new Agent() : kept;
      if ((await ask(agent)) !== 200) failures += 1;
      latencies.push(performance.now() - startedAt);
      peakMib = Math.max(peakMib, rssMib());
      await sleep(EVERY_MS);
    }
  });
  const tookMs = performance.now() - beganAt;
  ownDelay.disable();
  for (const attacker of attackers) {
    const ended = once(attacker, 'exit');
    attacker.kill('SIGKILL');
    await ended;
  }
  return {
    ...{ latencies, failures, peakMib, before },
    cpuShare: cost.cpuUs / 1000 / tookMs,
    waitShare: (waitedMs() - waitedBefore) / tookMs,
    ownDelayMs: ownDelay.percentile(99) / 1e6 - EVERY_MS,
  };
}

/** Each in a process of its own: they are not to wait for one another. */
function startAttack(attack: AttackName): ChildProcess {
  const child = fork(join(import.meta.dirname, 'overload/attacks-main.ts'), {
    execArgv: [],
    stdio: 'ignore',
  });
  const order: AttackOrder = { attacks: [attack], port: platform.ports.https, host: HOST };
  child.send(order);
  return child;
}

/** Connections that are cut off have to go, and their memory with them. */
async function settle(): Promise<void> {
  await sleep(3_000);
}

function ask(agent: Agent): Promise<number> {
  return new Promise((resolve) => {
    const asked = request(
      {
        ...{ host: '127.0.0.1', port: platform.ports.https, servername: HOST, agent },
        ...{ headers: { host: HOST }, rejectUnauthorized: false, timeout: 10_000 },
      },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode ?? 0));
        response.once('error', () => resolve(0));
      },
    );
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => resolve(0));
    asked.end();
  });
}

/** Milliseconds that the worker's own thread has stood in the queue of its core. */
function waitedMs(): number {
  return Number(readFileSync(`/proc/${worker}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
}

function rssMib(): number {
  const status = readFileSync(`/proc/${worker}/status`, 'utf8');
  return (Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024) / MIB;
}
