import { spawnSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Valgrind's callgrind counts what a process does in user space, exactly and also in code that was compiled as it ran; not what the kernel does for it.

/** Why nothing can be counted here; null where it can. */
export function whyNotCounting(): string | null {
  return spawnSync('valgrind', ['--version']).error === undefined ? null : 'valgrind is not installed';
}

/** The words before a command that is to be counted; its counts go to files of `directory`, and nothing is counted yet. */
export function countedBy(directory: string): string[] {
  return [
    // Go's signals to its own threads end it under callgrind.
    ...['env', 'GODEBUG=asyncpreemptoff=1', 'valgrind', '-q', '--tool=callgrind', '--instr-atstart=no'],
    // Code is written while it runs.
    ...['--smc-check=all-non-file', `--callgrind-out-file=${join(directory, 'callgrind.%p')}`],
  ];
}

/** Variables under which `postern up` starts its edge workers, and nothing else, with these words before their command. */
export function workersBy(words: readonly string[], directory: string): Record<string, string> {
  const node = join(directory, 'counted-node');
  writeFileSync(node, `#!/bin/sh\nexec ${words.join(' ')} ${process.execPath} "$@"\n`);
  chmodSync(node, 0o755);
  const hook = pathToFileURL(join(import.meta.dirname, 'workers-node.ts'));
  hook.searchParams.set('node', node);
  return { NODE_OPTIONS: `--import ${hook.href}` };
}

/** User-space instructions of a process, which runs by `countedBy(directory)`, while `work` runs. */
export async function countWhile<T>(
  pid: number,
  directory: string,
  work: () => Promise<T>,
): Promise<{ result: T; instructions: number }> {
  // By no process id: a forked one, as nginx's worker is, names its files after its parent.
  const dumps = (): string[] => readdirSync(directory).filter((name) => /^callgrind\.\d+\.\d+$/.test(name));
  for (const name of dumps()) rmSync(join(directory, name));
  control(pid, '--instr=on');
  control(pid, '--zero');
  const result = await work();
  control(pid, '--dump');
  control(pid, '--instr=off');
  const [dump] = dumps();
  if (dump === undefined) throw new Error('callgrind has written nothing');
  const text = readFileSync(join(directory, dump), 'utf8');
  return { result, instructions: Number(/^totals: (\d+)$/m.exec(text)?.[1]) };
}

function control(pid: number, option: string): void {
  const { status, stdout, stderr } = spawnSync('callgrind_control', [option, String(pid)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`callgrind_control ${option}: ${stderr}${stdout}`);
}
