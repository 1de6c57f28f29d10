import { PosternError } from '@postern/contracts';
import Database from 'better-sqlite3';

/**
 * Turns what SQLite throws into one clear PosternError; a PosternError passes as it is.
 * `unavailable` when the file is damaged, not ours, busy, full or not writable; `internal` otherwise.
 */
export function storeFailureOf(error: unknown, file: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const detail = detailOf(error.code, file);
  return new PosternError(detail === undefined ? 'internal' : 'unavailable', {
    ...(detail === undefined ? {} : { detail }),
    context: { file, sqliteCode: error.code },
    cause: error,
  });
}

/** True for a failure that says that the content of the file cannot be trusted. */
export function isDamage(error: unknown): boolean {
  return error instanceof Database.SqliteError && error.code.startsWith('SQLITE_CORRUPT');
}

function detailOf(code: string, file: string): string | undefined {
  if (code.startsWith('SQLITE_CORRUPT')) return damagedDetail(file);
  if (code === 'SQLITE_NOTADB')
    return `${file} is not a Postern database; name another file or restore a copy`;
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
    return `the database ${file} is held by another process; try again`;
  if (code === 'SQLITE_FULL') return `the disk of the database ${file} is full`;
  if (code.startsWith('SQLITE_READONLY')) return `the database ${file} is not writable`;
  if (code.startsWith('SQLITE_CANTOPEN') || code.startsWith('SQLITE_IOERR'))
    return `the database ${file} cannot be read or written`;
  return undefined;
}

/** What is said about a file whose content SQLite finds inconsistent. */
export function damagedDetail(file: string): string {
  return `the database ${file} is damaged; restore a copy of it`;
}
