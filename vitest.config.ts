import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configDefaults, defineConfig } from 'vitest/config';
import { testsThatMissPrograms } from './scripts/missing-programs.ts';

// scripts/missing-programs.ts says which these are, and why.
const missing = [...testsThatMissPrograms().values()].flat();

const parts = '{packages,apps}/**/*.test.ts';

/** Where time stands still: a timer that is started then, whoever does so, never fires, and other files would wait for it. */
function filesThatFakeClocks(): string[] {
  const cwd = import.meta.dirname;
  const files = globSync(parts, { cwd, exclude: ['**/node_modules/**'] });
  return files.filter((file) => readFileSync(join(cwd, file), 'utf8').includes('vi.useFakeTimers('));
}

// Files that change what is one for the whole process, or measure it: each runs in a process of its own.
const alone = [
  ...filesThatFakeClocks(),
  'apps/edge/src/worker-crashes.test.ts',
  'apps/edge/src/public-roots.test.ts',
  'apps/edge/src/overload.test.ts',
];

// The long ones are run by scripts of their own, like `npm run test:acme`.
const isLong = process.env.POSTERN_LONG_TESTS !== undefined;

export default defineConfig({
  test: {
    pool: 'forks',
    // One more than the cores of a small machine: some tests wait for most of their time.
    maxWorkers: 3,
    testTimeout: 120_000,
    hookTimeout: 300_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: isLong ? [] : [parts],
          exclude: [...configDefaults.exclude, ...missing, ...alone],
          // What they load is loaded once in each process, not once for each file.
          isolate: false,
        },
      },
      {
        extends: true,
        test: {
          name: 'whole',
          include: isLong ? ['test/**/*.long.ts'] : ['test/**/*.test.ts', ...alone],
          exclude: [...configDefaults.exclude, ...missing],
        },
      },
    ],
  },
});
