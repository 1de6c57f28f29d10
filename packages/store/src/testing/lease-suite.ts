import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { type MakeHarness, openSuiteStore, START, type StoreHarness } from './suite-fixtures.ts';

/** Leases: one holder at a time, of all that have the database open. */
export function describeLeases(makeHarness: MakeHarness): void {
  let harness: StoreHarness;
  const clock = { now: START };
  let stores: Store[];
  beforeEach(async () => {
    harness = await makeHarness();
    clock.now = START;
    stores = [await openSuiteStore(harness.url, clock), await openSuiteStore(harness.url, clock)];
  });
  afterEach(async () => {
    for (const store of stores) await store.close();
    await harness.dispose();
  });

  describe('leases', () => {
    test('of all that ask at once one has the lease, until it gives it back or the time is over', async () => {
      const ask = (holder: string) =>
        stores[holder === 'a' ? 0 : 1]?.acquireLease('work', holder, 1_000) ?? Promise.reject(new Error());
      const [a, b] = await Promise.all([ask('a'), ask('b')]);
      expect([a, b]).toEqual([true, false]);
      clock.now += 999;
      expect([await ask('b'), await ask('a')]).toEqual([false, true]);
      clock.now += 999;
      expect(await ask('b')).toBe(false);
      clock.now += 1;
      expect([await ask('b'), await ask('a')]).toEqual([true, false]);
      await stores[0]?.releaseLease('work', 'a');
      expect(await ask('a')).toBe(false);
      await stores[1]?.releaseLease('work', 'b');
      expect(await ask('a')).toBe(true);
      expect(await stores[1]?.acquireLease('other work', 'b', 1_000)).toBe(true);
    });
  });
}
