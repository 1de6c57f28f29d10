import { describe, expect, test, vi } from 'vitest';
import type { Store } from '../store.ts';
import {
  type MakeHarness,
  openSuiteStore,
  readChanges,
  routeWrite,
  type StoreHarness,
  serviceWrite,
  type TestClock,
  targetFor,
} from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

const DAY_MS = 86_400_000;

/** The log as the feed reads it: order, epochs, tombstones and wake-ups. */
export function describeLog(makeHarness: MakeHarness): void {
  let harness: StoreHarness;
  let store: Store;
  let clock: TestClock;
  useSuiteStore(makeHarness, async (opened) => {
    ({ harness, clock, store } = opened);
    await store.createService(serviceWrite('cart'));
  });

  describe('log', () => {
    test('changes come in the order of their revisions, in pages, each document once at its latest', async () => {
      for (const n of [1, 2, 3]) await store.createRoute(routeWrite(`r${n}`, `h${n}.example.org`, 'cart'));
      await store.updateRoute(
        routeWrite('r1', 'h1.example.org', 'cart', { corsPolicy: { allowOrigins: ['*'] } }),
      );
      await store.updateService(serviceWrite('cart', 4000));
      await store.deleteRoute(targetFor('r2'));
      const all = await readChanges(store);
      expect(all).toHaveLength(3);
      expect(all.map((change) => change.revision)).toEqual(
        all.map((change) => change.revision).toSorted((a, b) => a - b),
      );
      expect(all.at(-1)).toMatchObject({ id: 'h2.example.org', body: null });
      const { epoch, revision } = await store.cursor();
      expect(all.at(-1)?.revision).toBe(revision);
      expect(new Set(all.map((change) => change.epoch))).toEqual(new Set([epoch]));
      expect(await store.changesAfter(all[0]?.revision ?? 0, 1)).toEqual([all[1]]);
    });

    test('a cursor stays resumable when the store is opened again', async () => {
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      const old = await store.cursor();
      expect(await store.isResumable(old)).toBe(true);
      await store.close();
      store = await openSuiteStore(harness.url, clock);
      const present = await store.cursor();
      expect(present.revision).toBe(old.revision);
      expect(present.epoch).not.toBe(old.epoch);
      await store.createRoute(routeWrite('s', 'b.example.org', 'cart'));
      expect(await store.isResumable(old)).toBe(true);
      expect(await readChanges(store, old.revision)).toMatchObject([{ id: 'b.example.org' }]);
    });

    test('a cursor of an unknown epoch, or beyond the end of its own, is not resumable', async () => {
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      const { epoch, revision } = await store.cursor();
      expect(await store.isResumable({ epoch: 'unknown', revision })).toBe(false);
      expect(await store.isResumable({ epoch, revision: revision + 1 })).toBe(false);
      await store.close();
      store = await openSuiteStore(harness.url, clock);
      await store.createRoute(routeWrite('s', 'b.example.org', 'cart'));
      expect(await store.isResumable({ epoch, revision: revision + 1 })).toBe(false);
    });

    test('tombstones are kept for 7 days; after that, older cursors are no longer resumable', async () => {
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      const before = await store.cursor();
      await store.deleteRoute(targetFor('r'));
      const after = await store.cursor();
      clock.now += 7 * DAY_MS - 1;
      await store.createRoute(routeWrite('s', 'b.example.org', 'cart'));
      expect(await readChanges(store)).toMatchObject([{ body: null }, { id: 'b.example.org' }]);
      expect(await store.isResumable(before)).toBe(true);
      clock.now += DAY_MS;
      await store.updateService(serviceWrite('cart', 4000));
      expect(await readChanges(store)).toMatchObject([{ id: 'b.example.org' }]);
      expect(await store.isResumable(before)).toBe(false);
      expect(await store.isResumable(after)).toBe(true);
    });

    test('listeners hear of own commits and of those of other openers, until they stop', async () => {
      const other = await openSuiteStore(harness.url, clock);
      try {
        const heard = vi.fn();
        const stop = store.onRevision(heard);
        await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
        await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(1), { timeout: 30_000 });
        await other.createRoute(routeWrite('s', 'b.example.org', 'cart'));
        await vi.waitFor(() => expect(heard).toHaveBeenCalledTimes(2), { timeout: 30_000 });
        await store.createToken({ name: 'no-change', scope: 'admin', hash: 'aa', expiresAt: null });
        stop();
        await store.createRoute(routeWrite('t', 'c.example.org', 'cart'));
        await other.createRoute(routeWrite('u', 'd.example.org', 'cart'));
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(heard).toHaveBeenCalledTimes(2);
      } finally {
        await other.close();
      }
    });
  });
}
