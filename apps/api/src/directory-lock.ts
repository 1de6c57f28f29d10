import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { PosternError } from '@postern/contracts';

const SQLITE_BUSY = 5;

/**
 * Keeps a directory for this process alone until `release`, or until the process ends in whatever way.
 *
 * The lock is SQLite's own on a file `lock`: the kernel drops it with the process, so that nothing stale is left by
 * kill -9, and unlike a pid in a file it cannot be mistaken. Fails with `unavailable`, naming the holder's pid.
 */
export function lockDirectory(directory: string): { release(): void } {
  const ownerFile = join(directory, 'lock-owner');
  const database = new DatabaseSync(join(directory, 'lock'));
  try {
    database.exec('PRAGMA busy_timeout = 0; PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const busy = error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
    throw new PosternError('unavailable', {
      detail: busy
        ? `the data directory ${directory} is in use by process ${readOwner(ownerFile)}; stop it or set POSTERN_DATA_DIR`
        : `the data directory ${directory} cannot be locked`,
      cause: error,
    });
  }
  writeFileSync(ownerFile, `${process.pid}\n`, { mode: 0o600 });
  return { release: () => database.close() };
}

function readOwner(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim() || '(unknown)';
  } catch {
    return '(unknown)';
  }
}
