import { closeSync, openSync } from 'node:fs';
import { PosternError } from '@postern/contracts/plain';
import Database from 'better-sqlite3';

/** True for faults that mean: the file's content cannot be trusted. */
export function isDamage(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError &&
    (error.code.startsWith('SQLITE_CORRUPT') || error.code === 'SQLITE_NOTADB')
  );
}

/** The file that says that damage was found in a replica: the next writer to open it looks at all of it. */
export function doubtFileOf(file: string): string {
  return `${file}.doubt`;
}

/** Leaves that file; a disk that takes none will say so by itself. */
export function noteDoubt(file: string): void {
  try {
    closeSync(openSync(doubtFileOf(file), 'a', 0o600));
  } catch {}
}

/** Turns what SQLite and the file system throw into `unavailable` with the file's name; other errors pass as they are. */
export function replicaFailureOf(error: unknown, file: string): unknown {
  if (error instanceof Error && 'syscall' in error) {
    const detail = `the replica ${file} cannot be created: ${error.message}`;
    return new PosternError('unavailable', { detail, cause: error });
  }
  if (!(error instanceof Database.SqliteError)) return error;
  if (isDamage(error)) noteDoubt(file);
  return new PosternError('unavailable', {
    detail: isDamage(error)
      ? `the replica ${file} is damaged; restart the edge to set it aside and take a new copy`
      : `the replica ${file} cannot be used (${error.code})`,
    context: { file, sqliteCode: error.code },
    cause: error,
  });
}
