import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const COLLECT_EVERY_MS = 5_000;

/**
 * Writes what each process of a soak is to load first, and gives the NODE_OPTIONS for it: now and then it collects all garbage and notes what memory
 * is left, in a file of the directory that is called by the process id (`samplesOf`). Garbage that no collection has taken yet is no growth, and how
 * much of it there is differs from moment to moment by more than what is looked for.
 */
export function writeCollector(directory: string): string {
  const file = join(directory, 'collect.cjs');
  // Given as text: a file of TypeScript would have each process load what strips types, 20 MiB.
  writeFileSync(file, `(${collectNowAndThen})(require, ${JSON.stringify(directory)}, ${COLLECT_EVERY_MS})`);
  return `--require ${file}`;
}

/** Runs in the processes, by its text: it can use nothing but what it is given. */
function collectNowAndThen(load: NodeJS.Require, directory: string, everyMs: number): void {
  const { appendFileSync } = load('node:fs') as typeof import('node:fs');
  const { getHeapSpaceStatistics, setFlagsFromString } = load('node:v8') as typeof import('node:v8');
  const { runInNewContext } = load('node:vm') as typeof import('node:vm');
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const mib = 1024 * 1024;
  setInterval(() => {
    collect();
    const { rss, heapUsed, external } = process.memoryUsage();
    // They grow while functions become hot.
    const code = getHeapSpaceStatistics().filter(({ space_name: name }) =>
      ['code_space', 'trusted_space'].includes(name),
    );
    const codeBytes = code.reduce((sum, space) => sum + space.space_used_size, 0);
    const sample = {
      ...{ atMs: Date.now(), residentMib: rss / mib },
      ...{ livingMib: (heapUsed + external) / mib, codeMib: codeBytes / mib },
    };
    appendFileSync(`${directory}/${process.pid}`, `${JSON.stringify(sample)}\n`);
  }, everyMs).unref();
}
