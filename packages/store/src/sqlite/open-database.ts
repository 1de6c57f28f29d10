import { randomUUID } from 'node:crypto';
import { chmodSync, closeSync, openSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PosternError } from '@postern/contracts';
import { makeDirectory } from '@postern/runtime';
import Database from 'better-sqlite3';
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3';
import { readMigrationFiles } from 'drizzle-orm/migrator';
import { takeCleanEnd } from './clean-end.ts';
import { keepStatements } from './keep-statements.ts';
import * as schema from './schema.ts';
import { damagedDetail, storeFailureOf } from './store-failure.ts';

const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../migrations/sqlite', import.meta.url));

/** Milliseconds a write waits for that of another process; theirs are as short as ours. */
const BUSY_TIMEOUT_MS = 10_000;

/** "PSTN" in the header of the file tells our databases from those of other programs. */
const APPLICATION_ID = 0x5053544e;

/** Bytes. A file up to this is checked whole at every start, some 50 ms; a larger one where its last end was not a clean one. */
const CHECKED_AT_OPEN_BYTES_MAX = 32 * 1024 * 1024;

export type StoreDatabase = BetterSQLite3Database<typeof schema>;

/**
 * Opens the file (made as 0600 in a 0700 folder), brings its schema up to date and starts a new epoch.
 *
 * An acknowledged write survives a killed process and a lost power supply (WAL, synchronous=FULL). A damaged file is found before
 * anything is written to it; a large one that nobody has touched since it was closed is not looked through again (decision 0025).
 * Fails with `unavailable` when the file is damaged, not a database of Postern, or written by a newer Postern.
 */
export function openDatabase(
  file: string,
  now: number,
  checkedAtOpenBytesMax = CHECKED_AT_OPEN_BYTES_MAX,
): { connection: Database.Database; db: StoreDatabase } {
  let connection: Database.Database | undefined;
  try {
    makePrivateFile(file);
    // Looked at first: opening alone may write to the file.
    const wasClean = takeCleanEnd(file);
    connection = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    refuseForeign(connection, file);
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    connection.pragma('foreign_keys = ON');
    if (!wasClean || statSync(file).size <= checkedAtOpenBytesMax) refuseDamaged(connection, file);
    const db = drizzle({ client: keepStatements(connection), schema });
    connection.transaction(prepareSchema).immediate(connection, db, file, now);
    return { connection, db };
  } catch (error) {
    connection?.close();
    if (error instanceof PosternError) throw error;
    const failure = storeFailureOf(error, file);
    if (failure instanceof PosternError) throw failure;
    throw new PosternError('unavailable', {
      detail: `the database ${file} cannot be opened: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  }
}

/** SQLite gives its -wal and -shm files the rights of the database file. */
function makePrivateFile(file: string): void {
  makeDirectory(dirname(resolve(file)));
  closeSync(openSync(file, 'a', 0o600));
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
}

/** Nothing is written to a database of another program, not even its journal mode. */
function refuseForeign(connection: Database.Database, file: string): void {
  const tables = connection.prepare<[], number>('select count(*) from sqlite_schema').pluck().get();
  if (tables === 0 || connection.pragma('application_id', { simple: true }) === APPLICATION_ID) return;
  throw new PosternError('unavailable', {
    detail: `${file} is a database of another program; name another file`,
  });
}

function refuseDamaged(connection: Database.Database, file: string): void {
  const verdict: unknown = connection.pragma('quick_check(1)', { simple: true });
  if (verdict !== 'ok')
    throw new PosternError('unavailable', { detail: damagedDetail(file), context: { verdict } });
}

/** Runs inside one IMMEDIATE transaction: drizzle's own migrate() takes no lock, and two processes may start at once. */
function prepareSchema(connection: Database.Database, db: StoreDatabase, file: string, now: number): void {
  connection.pragma(`application_id = ${APPLICATION_ID}`);
  connection.exec(
    'create table if not exists schema_migrations (tag_time integer primary key, hash text not null, applied_at integer not null)',
  );
  const migrations = readMigrationFiles({ migrationsFolder: MIGRATIONS_FOLDER });
  const applied = connection
    .prepare<[], { tag_time: number; hash: string }>('select tag_time, hash from schema_migrations')
    .all();
  for (const { tag_time, hash } of applied) {
    if (migrations.some((known) => known.folderMillis === tag_time && known.hash === hash)) continue;
    throw new PosternError('unavailable', {
      detail: `the database ${file} was written by another, newer Postern; start that one, or restore an older copy`,
      context: { migration: tag_time },
    });
  }
  const record = connection.prepare('insert into schema_migrations values (?, ?, ?)');
  for (const migration of migrations) {
    if (applied.some((known) => known.tag_time === migration.folderMillis)) continue;
    for (const statement of migration.sql) connection.exec(statement);
    record.run(migration.folderMillis, migration.hash, now);
  }
  db.insert(schema.counters)
    .values([
      { name: 'revision', value: 0 },
      { name: 'purged', value: 0 },
    ])
    .onConflictDoNothing()
    .run();
  const startRevision =
    connection.prepare<[], number>("select value from counters where name = 'revision'").pluck().get() ?? 0;
  db.insert(schema.epochs).values({ id: randomUUID(), startRevision, openedAt: now }).run();
}
