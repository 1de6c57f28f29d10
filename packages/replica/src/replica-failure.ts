import { PosternError } from '@postern/contracts';
import Database from 'better-sqlite3';

/** True for faults that mean: the file's content cannot be trusted. */
export function isDamage(error: unknown): boolean {
  return (
    error instanceof Database.SqliteError &&
    (error.code.startsWith('SQLITE_CORRUPT') || error.code === 'SQLITE_NOTADB')
  );
}

/** Turns what SQLite and the file system throw into `unavailable` with the file's name; other errors pass as they are. */
export function replicaFailureOf(error: unknown, file: string): unknown {
  if (error instanceof Error && 'syscall' in error) {
    const detail = `the replica ${file} cannot be created: ${error.message}`;
    return new PosternError('unavailable', { detail, cause: error });
  }
  if (!(error instanceof Database.SqliteError)) return error;
  return new PosternError('unavailable', {
    detail: isDamage(error)
      ? `the replica ${file} is damaged; restart the edge to set it aside and take a new copy`
      : `the replica ${file} cannot be used (${error.code})`,
    context: { file, sqliteCode: error.code },
    cause: error,
  });
}
