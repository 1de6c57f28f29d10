import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { startCliHarness } from '../apps/cli/src/testing/cli-harness.ts';
import { describeMachine } from './machine.ts';

// How long does a call of the program take, beside bare Node? Run: npm run bench:cli [-- ROUNDS]
const rounds = Number(process.argv[2] ?? 20);
const bin = join(import.meta.dirname, '../apps/cli/bin/postern.js');
const CALLS: readonly (readonly [what: string, args: readonly string[], promiseMs: number | null])[] = [
  ['bare Node (`node -e 0`)', ['-e', '0'], null],
  ['`postern --version`', [bin, '--version'], 150],
  ['`postern --help`', [bin, '--help'], null],
  ['`postern route list`', [bin, 'route', 'list'], 300],
];

await using cli = await startCliHarness();
await cli.client.services.create('default', { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
for (let index = 0; index < 20; index += 1) {
  await cli.client.routes.create('default', {
    name: `route-${index}`,
    spec: { host: `r${index}.example.org`, routes: [{ prefix: '/', route: { service: 'echo' } }] },
  });
}

/** Milliseconds from start to end of one process. */
async function timeOf(args: readonly string[]): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, args, {
    env: { PATH: '/usr/bin:/bin', HOME: cli.directory, POSTERN_CONFIG: cli.configFile },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child.stdout.resume();
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${args.join(' ')} exits ${code}`);
  return performance.now() - startedAt;
}

const load = loadavg()[0]?.toFixed(1) ?? '?';
const times = CALLS.map((): number[] => []);
// One round that fills the compile cache does not count; then in turns, since a machine's mood changes.
for (let round = -1; round < rounds; round += 1) {
  for (const [index, [, args]] of CALLS.entries()) {
    const time = await timeOf(args);
    if (round >= 0) times[index]?.push(time);
  }
  process.stderr.write(`\rround ${round + 1} of ${rounds}`);
}
process.stderr.write('\n');

console.log(`${describeMachine()}; ${rounds} rounds, load ${load} at the start\n`);
console.log('| milliseconds | least | median | promise |\n|---|---|---|---|');
for (const [index, [what, , promise]] of CALLS.entries()) {
  const sorted = (times[index] ?? []).toSorted((one, other) => one - other);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(0);
  console.log(`| ${what} | ${at(0)} | ${at(0.5)} | ${promise === null ? '' : `under ${promise}`} |`);
}
