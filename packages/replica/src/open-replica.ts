import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { PosternError } from '@postern/contracts/plain';
import { makeDirectory } from '@postern/runtime';
import Database from 'better-sqlite3';
import type { Replica, ReplicaOptions } from './replica.ts';
import { doubtFileOf, isDamage, replicaFailureOf } from './replica-failure.ts';
import { DOCUMENT_COLUMNS, INDICES, SqliteReplica } from './sqlite-replica.ts';

/** Number of the table layout. A copy of another layout is set aside too: the feed brings a new one. */
const LAYOUT = 1;

/** Bytes. A file up to this is checked whole when it is opened, some 50 ms; a larger one page by page while it serves (`check`). */
const CHECKED_AT_OPEN_BYTES_MAX = 32 * 1024 * 1024;

/** Bytes. A full copy leaves a large log file behind; more than this of it is given back. */
const LOG_BYTES_KEPT = 16 * 1024 * 1024;

/** Milliseconds a reader waits while the writer swaps its copy or checkpoints. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * KiB of pages that a reader keeps, of which every worker has one: the upper levels of the tree for 100,000 hosts take 1 MiB, and what is read
 * of the rest lies in the kernel's cache. The 16,000 that better-sqlite3 brings would fill with many hosts.
 */
const READER_CACHE_KIB = 2_000;

const TABLES = `
  create table if not exists meta (key text primary key, value text not null);
  create table if not exists documents (${DOCUMENT_COLUMNS});
  ${INDICES}
`;

/**
 * Opens an edge's copy of the feed. The writer sets a damaged file aside (renamed, told in `setAside`) and starts
 * empty; a reader fails with `unavailable` when the file is missing, damaged or of another layout.
 */
export function openReplica({
  file,
  readOnly,
  checkedAtOpenBytesMax = CHECKED_AT_OPEN_BYTES_MAX,
}: ReplicaOptions): Replica {
  try {
    if (readOnly) return new SqliteReplica(openForReading(file), file, null);
    const { connection, setAside } = openForWriting(file, checkedAtOpenBytesMax);
    return new SqliteReplica(connection, file, setAside);
  } catch (error) {
    throw replicaFailureOf(error, file);
  }
}

function openForReading(file: string): Database.Database {
  if (!existsSync(file)) throw new PosternError('unavailable', { detail: `there is no replica ${file} yet` });
  const connection = new Database(file, { readonly: true, timeout: BUSY_TIMEOUT_MS });
  try {
    connection.pragma(`cache_size = -${READER_CACHE_KIB}`);
    if (connection.pragma('user_version', { simple: true }) === LAYOUT) return connection;
    throw new PosternError('unavailable', { detail: `the replica ${file} is of another version of Postern` });
  } catch (error) {
    connection.close();
    throw error;
  }
}

function openForWriting(
  file: string,
  checkedBytesMax: number,
): { connection: Database.Database; setAside: string | null } {
  makeDirectory(dirname(resolve(file)));
  const connection = openSound(file, checkedBytesMax);
  if (connection !== undefined) return { connection, setAside: null };
  const setAside = freeNameBeside(file);
  // The log files go along: left behind they would be taken for those of the new file.
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(file + suffix)) renameSync(file + suffix, setAside + suffix);
  const fresh = openSound(file, checkedBytesMax);
  if (fresh !== undefined) return { connection: fresh, setAside };
  throw new PosternError('unavailable', { detail: `the replica ${file} cannot be created` });
}

/** Undefined when what is there is damaged or of another layout. */
function openSound(file: string, checkedBytesMax: number): Database.Database | undefined {
  closeSync(openSync(file, 'a', 0o600));
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  const connection = new Database(file, { timeout: BUSY_TIMEOUT_MS });
  try {
    if (!isSound(connection, mustCheck(file, checkedBytesMax))) {
      connection.close();
      return undefined;
    }
    connection.pragma('journal_mode = WAL');
    // A lost power supply may cost the last batches, never the agreement of documents and cursor: the feed repeats them.
    connection.pragma('synchronous = NORMAL');
    connection.pragma(`journal_size_limit = ${LOG_BYTES_KEPT}`);
    connection.exec(
      `begin immediate; ${TABLES} drop table if exists staged; pragma user_version = ${LAYOUT}; commit`,
    );
    rmSync(doubtFileOf(file), { force: true });
    return connection;
  } catch (error) {
    connection.close();
    if (isDamage(error)) return undefined;
    throw error;
  }
}

/** Reading all of a file of 100,000 hosts takes seconds in which nothing is served. */
function mustCheck(file: string, checkedBytesMax: number): boolean {
  return statSync(file).size <= checkedBytesMax || existsSync(doubtFileOf(file));
}

function isSound(connection: Database.Database, isChecked: boolean): boolean {
  const layout = connection.pragma('user_version', { simple: true });
  const tables = connection.prepare<[], number>('select count(*) from sqlite_schema').pluck().get();
  if (layout !== LAYOUT && tables !== 0) return false;
  return !isChecked || connection.pragma('quick_check(1)', { simple: true }) === 'ok';
}

function freeNameBeside(file: string): string {
  for (let n = 1; ; n += 1) {
    const name = `${file}.damaged-${n}`;
    if (!existsSync(name)) return name;
  }
}
