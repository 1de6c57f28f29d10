import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeSqliteHarness, type SqliteHarness } from '../testing/sqlite-harness.ts';
import { suiteCompiler } from '../testing/suite-compiler.ts';
import { routeWrite, SHOP, serviceWrite } from '../testing/suite-fixtures.ts';
import { LogMover, pagesInLog } from './log-mover.ts';
import { openSqliteStore } from './sqlite-store.ts';

const PAGE_BYTES = 4096;

let harness: SqliteHarness;
let connection: Database.Database;

beforeEach(async () => {
  harness = await makeSqliteHarness();
  mkdirSync(dirname(harness.file));
  connection = new Database(harness.file);
  connection.pragma('journal_mode = WAL');
  connection.pragma('synchronous = OFF');
  connection.exec('create table filler (content blob)');
});
afterEach(() => {
  connection.close();
  return harness.dispose();
});

/** Commits that put at least so many pages into the log, each told to the mover where there is one. */
function fillLog(pages: number, mover?: LogMover): void {
  const insert = connection.prepare('insert into filler values (zeroblob(?))');
  for (let n = 0; n < pages / 50; n += 1) {
    insert.run(50 * PAGE_BYTES);
    mover?.noteCommit();
  }
}

test('what commits leave in the log is moved beside them, and the log begins anew', async () => {
  const mover = new LogMover(connection);
  fillLog(1_500, mover);
  // No commit has: the thread takes longer to start than these took.
  expect(pagesInLog(connection)).toBeGreaterThan(1_000);
  await mover.stop();
  expect(pagesInLog(connection)).toBe(0);
  const sizeBefore = statSync(`${harness.file}-wal`).size;
  fillLog(100);
  expect(statSync(`${harness.file}-wal`).size).toBe(sizeBefore);
});

test('a log that nobody moves is moved by a commit at 8,000 pages, so that it is bounded', () => {
  new LogMover(connection);
  fillLog(10_000);
  expect(statSync(`${harness.file}-wal`).size).toBeLessThan(8_200 * (PAGE_BYTES + 24));
});

test('a thread that fails harms no write, and is waited for', async () => {
  const mover = new LogMover(connection);
  renameSync(harness.file, `${harness.file}.away`);
  fillLog(1_500, mover);
  await mover.stop();
  renameSync(`${harness.file}.away`, harness.file);
  expect(connection.prepare('select count(*) from filler').pluck().get()).toBe(30);
});

test('a store that is closed while its log is moved leaves no log behind', async () => {
  const store = openSqliteStore(`${harness.file}.other`, { compiler: suiteCompiler, now: () => 1 });
  await store.ensureProject(SHOP);
  await store.createService(serviceWrite('cart'));
  const watcher = new Database(`${harness.file}.other`);
  for (let n = 0; pagesInLog(watcher) < 1_100; n += 1)
    await store.createRoute(routeWrite(`r${n}`, `h${n}.example.org`, 'cart'));
  watcher.close();
  await store.close();
  expect(existsSync(`${harness.file}.other-wal`)).toBe(false);
  expect(existsSync(`${harness.file}.other.closed`)).toBe(true);
});
