import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkout, findFreePorts, platformEnv, startProcess } from '../test/platform/platform.ts';
import { describeMachine } from './machine.ts';

// How long until Postern serves? The install is there, the data directory is new. Run: npm run bench:start [-- ROUNDS]
const rounds = Number(process.argv[2] ?? 5);
const READY = /Postern is ready/;
const READY_TIMEOUT_MS = 60_000;
const node = join(checkout, 'node_modules/.bin/node');

/** Milliseconds from the start of the process to the line that says it serves. */
async function timeStart(command: string, args: readonly string[]): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-start-'));
  try {
    const env = platformEnv(directory, await findFreePorts());
    const began = performance.now();
    const running = await startProcess(command, args, env, READY, READY_TIMEOUT_MS);
    const tookMs = performance.now() - began;
    await running.stop();
    return tookMs;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function timeBareNode(): Promise<number> {
  const began = performance.now();
  spawnSync(node, ['-e', '0']);
  return performance.now() - began;
}

const subjects: readonly (readonly [string, () => Promise<number>])[] = [
  ['`node -e 0`', timeBareNode],
  ['`postern up --demo`', () => timeStart(node, [join(checkout, 'apps/cli/bin/postern.js'), 'up', '--demo'])],
  ['`npm start`', () => timeStart('npm', ['start'])],
];
const load = loadavg()[0] ?? 0;
const rows: string[] = [];
for (const [name, time] of subjects) {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) times.push(await time());
  times.sort((a, b) => a - b);
  const write = (value: number | undefined) => Math.round(value ?? Number.NaN).toLocaleString('en');
  rows.push(`| ${name} | ${write(times[0])} | ${write(times[times.length >> 1])} | ${write(times.at(-1))} |`);
}
process.stdout.write(
  `${describeMachine()}; load ${load.toFixed(1)} at the start; ${rounds} starts each\n\n` +
    `| milliseconds until it serves | least | median | most |\n|---|---|---|---|\n${rows.join('\n')}\n`,
);
