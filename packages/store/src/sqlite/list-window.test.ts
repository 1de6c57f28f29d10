import { resourceName } from '@postern/contracts';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { makeSqliteHarness, type SqliteHarness } from '../testing/sqlite-harness.ts';
import { openSuiteStore, SHOP } from '../testing/suite-fixtures.ts';

const ROWS = 25_000;

let harness: SqliteHarness;
let store: Store;
beforeEach(async () => {
  harness = await makeSqliteHarness();
  await (await openSuiteStore(harness.url)).close();
  const raw = new Database(harness.file);
  const insert = raw.prepare(
    `insert into services (id, project, name, version, labels, created_at, updated_at, spec)
     values (?, 'shop', ?, 1, ?, 0, 0, '{"targets":["http://127.0.0.1:1"]}')`,
  );
  raw.transaction(() => {
    for (let n = 0; n < ROWS; n += 1)
      insert.run(`id-${n}`, `s-${String(n).padStart(6, '0')}`, n === 24_000 ? '{"rare":"yes"}' : '{}');
  })();
  raw.close();
  store = await openSuiteStore(harness.url);
});
afterEach(async () => {
  await store.close();
  await harness.dispose();
});

test('a look for a rare label is cut into pages of 10,000 rows, so that none holds the process for long', async () => {
  const labels = [{ operator: 'in' as const, key: 'rare', values: ['yes'] }];
  const first = await store.listServices(SHOP, { limit: 10, labels });
  expect([first.items.length, first.next]).toEqual([0, 's-009999']);
  const second = await store.listServices(SHOP, { limit: 10, labels, after: first.next ?? undefined });
  expect([second.items.length, second.next]).toEqual([0, 's-019999']);
  const third = await store.listServices(SHOP, { limit: 10, labels, after: second.next ?? undefined });
  expect([third.items.map(({ name }) => name), third.next]).toEqual([['s-024000'], null]);
});

test('a page at the end is found as fast as one at the start', async () => {
  const timeOf = async (after: string | undefined): Promise<number> => {
    const startedAt = performance.now();
    for (let n = 0; n < 20; n += 1) {
      const name = after === undefined ? undefined : resourceName.parse(after);
      const page = await store.listServices(SHOP, { limit: 100, after: name });
      expect(page.items).toHaveLength(100);
    }
    return performance.now() - startedAt;
  };
  await timeOf(undefined);
  const start = await timeOf(undefined);
  expect(await timeOf('s-024000')).toBeLessThan(start * 10 + 100);
});
