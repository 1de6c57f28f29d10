import { statSync } from 'node:fs';
import { holderOfDirectory } from '@postern/runtime';
import { type Check, check } from './check.ts';

/** Looks whether a process keeps a data directory of this machine, and whether others may look into it. Locks nothing. */
export function checkDataDirectory(directory: string, { apiAnswers }: { apiAnswers: boolean }): Check {
  const name = 'data directory';
  try {
    const stats = statSync(directory, { throwIfNoEntry: false });
    if (stats === undefined) {
      return check(name, 'warn', `${directory} is not there`, 'start postern up, or choose another context');
    }
    if ((stats.mode & 0o022) !== 0) {
      return check(
        name,
        'fail',
        `others may write into ${directory}, which holds keys`,
        `chmod 700 ${directory}`,
      );
    }
    const holder = holderOfDirectory(directory);
    if (holder !== null) return check(name, 'pass', `${directory} is in use by process ${holder}`);
    return apiAnswers
      ? check(
          name,
          'warn',
          `no process uses ${directory}: the API that answers is another one`,
          'see the URL of the context',
        )
      : check(name, 'pass', `${directory} is free`, 'postern up starts there');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return check(
      name,
      'warn',
      `${directory} cannot be looked at (${code})`,
      'run this as the user that runs Postern',
    );
  }
}
