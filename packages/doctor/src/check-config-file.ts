import { accessSync, constants, statSync } from 'node:fs';
import { type Check, check } from './check.ts';

/** Looks at the rights of the file that may hold tokens: nobody but its owner may read it. */
export function checkConfigFile(path: string): Check {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined)
      return check('configuration', 'pass', `${path} is not there: variables alone decide`);
    if (!stats.isFile()) return check('configuration', 'fail', `${path} is no file`, 'move it away');
    if ((stats.mode & 0o077) !== 0) {
      return check(
        'configuration',
        'fail',
        `others may read ${path}, which may hold tokens`,
        `chmod 600 ${path}`,
      );
    }
    accessSync(path, constants.R_OK);
    return check('configuration', 'pass', `${path} is yours alone`);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    return check(
      'configuration',
      'fail',
      `${path} cannot be read (${code})`,
      'change its rights, or set POSTERN_CONFIG',
    );
  }
}
