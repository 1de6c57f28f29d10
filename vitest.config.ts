import { configDefaults, defineConfig } from 'vitest/config';
import { testsThatMissPrograms } from './scripts/missing-programs.ts';

export default defineConfig({
  test: {
    // The long ones are run by scripts of their own, like `npm run test:acme`.
    include: process.env.POSTERN_LONG_TESTS
      ? ['test/**/*.long.ts']
      : ['{packages,apps}/**/*.test.ts', 'test/**/*.test.ts'],
    // scripts/test.sh says which these are.
    exclude: [...configDefaults.exclude, ...[...testsThatMissPrograms().values()].flat()],
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
