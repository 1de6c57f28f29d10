import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Worker } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../store.ts';
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
  fillLog(1_100);
  // No commit has moved any.
  expect(pagesInLog(connection)).toBeGreaterThan(1_000);
  fillLog(400, mover);
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

test.each<[string, (store: Store, nth: number) => Promise<unknown>]>([
  ['a route', (store, nth) => store.createRoute(routeWrite(`r${nth}`, `h${nth}.example.org`, 'cart'))],
  ['what nobody watches', (store, nth) => store.acquireLease(`lease${nth}`, 'one', 1_000)],
])(
  'a write of %s has the log moved, and a store is closed once that has ended and the log is gone',
  async (_what, write) => {
    let begun = 0;
    let ended = 0;
    const onThread = (message: unknown) => {
      begun += 1;
      (message as { worker: Worker }).worker.once('exit', () => {
        ended += 1;
      });
    };
    subscribe('worker_threads', onThread);
    const file = `${harness.file}.other`;
    const store = openSqliteStore(file, { compiler: suiteCompiler, now: () => 1 });
    await store.ensureProject(SHOP);
    await store.createService(serviceWrite('cart'));
    const other = new Database(file);
    other.pragma('wal_autocheckpoint = 0');
    other.exec('create table filler (content blob)');
    other.prepare('insert into filler values (zeroblob(?))').run(1_100 * PAGE_BYTES);
    other.close();
    for (let nth = 0; nth < 20 && begun === 0; nth += 1) await write(store, nth);
    expect([begun, ended]).toEqual([1, 0]);
    await store.close();
    expect(ended).toBe(1);
    unsubscribe('worker_threads', onThread);
    expect(existsSync(`${file}-wal`)).toBe(false);
    expect(existsSync(`${file}.closed`)).toBe(true);
  },
);
