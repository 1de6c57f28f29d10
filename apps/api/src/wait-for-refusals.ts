import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceName } from '@postern/contracts';
import type { RefusalFilter, RefusalRecord, Store } from '@postern/store';

/** Milliseconds between looks: a report wakes the wait, one that another process took does not. */
const LOOK_MS = 500;

interface Wanted {
  readonly project: ResourceName;
  /** The place after which to look; null: only say where the ledger ends. */
  readonly seq: number | null;
  readonly filter: RefusalFilter;
  readonly waitMs: number;
  readonly signal: AbortSignal;
}

/** Waits for refusals after a place in the ledger, at most `waitMs`; gives them and the place to go on from. */
export async function waitForRefusals(
  store: Pick<Store, 'refusalsAfter' | 'onLedger'>,
  { project, seq, filter, waitMs, signal }: Wanted,
): Promise<{ readonly items: readonly RefusalRecord[]; readonly seq: number }> {
  const deadline = performance.now() + waitMs;
  let place = seq;
  for (;;) {
    // Made before the look, so that a report between the look and the wait is not missed.
    const woken = new AbortController();
    const off = store.onLedger(() => woken.abort());
    try {
      const news = await store.refusalsAfter(project, place, filter);
      const leftMs = deadline - performance.now();
      if (seq === null || news.items.length > 0 || leftMs <= 0 || signal.aborted) return news;
      const isMore = place !== null && news.seq > place;
      place = news.seq;
      // What no filter let through was a bounded part; others get their turn before the next.
      const waking = AbortSignal.any([woken.signal, signal]);
      await sleep(isMore ? 0 : Math.min(LOOK_MS, leftMs), undefined, { signal: waking }).catch(
        () => undefined,
      );
    } finally {
      off();
    }
  }
}
