import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { overwritePageOf } from '../testing/overwrite-page.ts';
import { refusal } from '../testing/refusal.ts';
import { makeSqliteHarness, type SqliteHarness } from '../testing/sqlite-harness.ts';
import { suiteCompiler } from '../testing/suite-compiler.ts';
import { openSuiteStore, routeWrite, serviceWrite, targetFor } from '../testing/suite-fixtures.ts';
import { noteCleanEnd } from './clean-end.ts';
import { openDatabase } from './open-database.ts';
import { openSqliteStore } from './sqlite-store.ts';

let harness: SqliteHarness;

beforeEach(async () => {
  harness = await makeSqliteHarness();
  const store = await openSuiteStore(harness.url);
  await store.createService(serviceWrite('cart'));
  for (let n = 0; n < 3; n += 1) await store.createRoute(routeWrite(`r${n}`, `h${n}.example.org`, 'cart'));
  await store.close();
});
afterEach(() => harness.dispose());

/** Opens the file as one that is too large to be looked through at every start. */
function openLarge(): void {
  openDatabase(harness.file, 1, 0).connection.close();
}

test('a large file is looked through where its end was not clean, or another file lies in its place', () => {
  overwritePageOf(harness.file, 'routes_name');
  // Written to since it was closed.
  expect(openLarge).toThrow(expect.objectContaining({ code: 'unavailable' }));
  // And after that there is no word of a clean end at all, as with a killed process.
  expect(existsSync(`${harness.file}.closed`)).toBe(false);
  expect(openLarge).toThrow(expect.objectContaining({ code: 'unavailable' }));
});

test('a copy in the place of the file is looked through', () => {
  overwritePageOf(harness.file, 'routes_name');
  copyFileSync(harness.file, `${harness.file}.copy`);
  renameSync(`${harness.file}.copy`, harness.file);
  expect(openLarge).toThrow(/damaged/);
});

test('a large file that is as it was closed is opened at once, a small one is looked through all the same', async () => {
  overwritePageOf(harness.file, 'routes_name');
  noteCleanEnd(harness.file);
  openLarge();
  noteCleanEnd(harness.file);
  await refusal(openSuiteStore(harness.url), 'unavailable');
});

test('a store that met damage leaves no word of a clean end', async () => {
  overwritePageOf(harness.file, 'routes_name');
  noteCleanEnd(harness.file);
  const store = openSqliteStore(harness.file, {
    compiler: suiteCompiler,
    now: () => 1,
    checkedAtOpenBytesMax: 0,
  });
  await refusal(store.getRoute(targetFor('r1')), 'unavailable');
  await store.close();
  expect(existsSync(`${harness.file}.closed`)).toBe(false);
});

test('only the last of several processes to close a file says that it was closed', async () => {
  const [first, second] = [await openSuiteStore(harness.url), await openSuiteStore(harness.url)];
  await first.close();
  expect(existsSync(`${harness.file}.closed`)).toBe(false);
  await second.close();
  expect(existsSync(`${harness.file}.closed`)).toBe(true);
});
