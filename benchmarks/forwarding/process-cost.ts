import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a process consumed while something ran. */
export interface ProcessCost {
  /** User and system time of all its threads, in microseconds; the kernel counts in steps of 10,000. */
  readonly cpuUs: number;
  /** Null where the processor's counter cannot be read. */
  readonly instructions: number | null;
}

const TICK_US = 10_000;

/** Whether `perf` can count instructions here: most virtual machines have no such counter. */
export function canCountInstructions(): boolean {
  const { status, stderr } = spawnSync('perf', ['stat', '-x,', '-e', 'instructions', 'true'], {
    encoding: 'utf8',
  });
  return status === 0 && /^\d+,/m.test(stderr);
}

/** Puts all threads of a process on the given cores; nothing happens on a machine with one core. */
export function pin(pid: number, cores: string): void {
  if (cpus().length < 2) return;
  const { status, error, stderr } = spawnSync('taskset', ['-a', '-c', '-p', cores, String(pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`taskset: ${error?.message ?? stderr}`);
}

/** Measures processes together while `work` runs. */
export async function costWhile<T>(
  pids: readonly number[],
  countInstructions: boolean,
  work: () => Promise<T>,
): Promise<{ result: T; cost: ProcessCost }> {
  const stopCounting = countInstructions ? await startCounting(pids) : async () => null;
  const before = ticksOf(pids);
  const result = await work();
  const cpuUs = (ticksOf(pids) - before) * TICK_US;
  return { result, cost: { cpuUs, instructions: await stopCounting() } };
}

function ticksOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuTicksOf(pid), 0);
}

/** utime + stime: fields 14 and 15 of /proc/PID/stat, counted after the name, which may hold spaces. */
function cpuTicksOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^\d+ \(.*\) /s, '')
    .split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

async function startCounting(pids: readonly number[]): Promise<() => Promise<number | null>> {
  const perf = spawn('perf', ['stat', '-x,', '-e', 'instructions', '-p', pids.join()], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  perf.stderr.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  // perf says nothing when it has attached.
  await sleep(200);
  return async () => {
    if (perf.exitCode === null) {
      perf.kill('SIGINT');
      await once(perf, 'close');
    }
    const count = /^(\d+),/m.exec(output)?.[1];
    return count === undefined ? null : Number(count);
  };
}
