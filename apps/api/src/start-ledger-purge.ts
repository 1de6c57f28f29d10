import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@postern/contracts';
import type { Store } from '@postern/store';

/** Milliseconds between looks for what is too old or too much. */
const EVERY_MS = 60_000;
/** Milliseconds between slices: requests get the loop to themselves for longer than a slice holds it. */
const PAUSE_MS = 50;

/** Deletes what the ledger keeps no longer, one bounded slice at a time, until stopped. */
export function startLedgerPurge(store: Pick<Store, 'purgeLedger'>, log: Log): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const run = async () => {
    while (!signal.aborted) {
      let pauseMs = EVERY_MS;
      try {
        if (await store.purgeLedger()) pauseMs = PAUSE_MS;
      } catch (error) {
        log.error({ err: error }, 'a slice of the ledger could not be deleted; it is tried again');
      }
      await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
