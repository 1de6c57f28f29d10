import { afterEach, beforeEach } from 'vitest';
import type { Store } from '../store.ts';
import {
  type MakeHarness,
  openSuiteStore,
  START,
  type StoreHarness,
  type TestClock,
} from './suite-fixtures.ts';

/** What one test works with. */
interface Opened {
  readonly harness: StoreHarness;
  readonly clock: TestClock;
  readonly store: Store;
}

/** Gives each test of the block around a store of its own, at START, and takes it away afterwards; `begin` receives it before the test. */
export function useSuiteStore(
  makeHarness: MakeHarness,
  begin: (opened: Opened) => Promise<void> | void,
): void {
  let opened: Opened;
  beforeEach(async () => {
    const harness = await makeHarness();
    const clock = { now: START };
    opened = { harness, clock, store: await openSuiteStore(harness.url, clock) };
    await begin(opened);
  });
  afterEach(async () => {
    await opened.store.close();
    await opened.harness.dispose();
  });
}
