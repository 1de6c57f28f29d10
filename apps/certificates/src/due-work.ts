import { randomUUID } from 'node:crypto';
import type { Store } from '@postern/store';
import { startRounds } from './rounds.ts';

/** Milliseconds between rounds when nothing wakes the worker. */
const LOOK_EVERY_MS = 60_000;
/** Milliseconds before a round is repeated while rows are due that nobody could take, and before such a row is tried again. */
const LOOK_AGAIN_MS = 1000;

/** Work on rows of the store, each of which is due at its time. */
export interface DueWork<Row> {
  readonly store: Pick<Store, 'acquireLease' | 'releaseLease' | 'onWrite'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Rows under way at once. */
  readonly atOnceMax: number;
  /** Milliseconds that a worker which has died keeps the others from a row. */
  readonly leaseMs: number;
  /** The lease of a row, of which no other has one of the same name. */
  readonly leaseOf: (row: Row) => string;
  /** The rows that are due now, those that have waited longest first. */
  readonly listDue: () => Promise<readonly Row[]>;
  /** When the next row is due (milliseconds since 1970); null where there is none. */
  readonly nextDueAt: () => Promise<number | null>;
  /** Called under the lease. Another worker may have had it since the row was listed: whether it is still due is to be read again. */
  readonly work: (row: Row, stopping: AbortSignal) => Promise<void>;
  /** Told what `work` (then with its row), or the listing, threw. */
  readonly onFailure: (error: unknown, row?: Row) => void;
}

/**
 * Works on rows as they come due, and looks again whenever something is written. Of several workers one works on a row: one that
 * another has, or whose work failed, is left alone for a second, so that it costs no more than that. `stop` aborts what is under way and waits for it.
 */
export function startDueWork<Row>(options: DueWork<Row>): { stop(): Promise<void> } {
  const { store, now, atOnceMax, leaseMs, leaseOf, onFailure } = options;
  const holder = randomUUID();
  const stopping = new AbortController();
  const underWay = new Map<string, Promise<void>>();
  /** Leases, and until when their rows are left alone, by the clock of `performance.now`. */
  const leftAlone = new Map<string, number>();

  const take = async (row: Row, lease: string): Promise<void> => {
    const leaveAlone = (): unknown => leftAlone.set(lease, performance.now() + LOOK_AGAIN_MS);
    try {
      if (!(await store.acquireLease(lease, holder, leaseMs))) {
        leaveAlone();
        return;
      }
      try {
        await options.work(row, stopping.signal);
      } finally {
        await store.releaseLease(lease, holder);
      }
    } catch (error) {
      leaveAlone();
      onFailure(error, row);
    }
  };

  const round = async (): Promise<number> => {
    const at = performance.now();
    for (const [lease, until] of leftAlone) if (until <= at) leftAlone.delete(lease);
    for (const row of await options.listDue()) {
      const lease = leaseOf(row);
      if (underWay.size >= atOnceMax || stopping.signal.aborted) break;
      if (underWay.has(lease) || leftAlone.has(lease)) continue;
      const work = take(row, lease).finally(() => {
        underWay.delete(lease);
        // Another one may have its place, and this one may be due again.
        rounds.wake();
      });
      underWay.set(lease, work);
    }
    const nextAt = (await options.nextDueAt()) ?? Number.POSITIVE_INFINITY;
    return Math.min(LOOK_EVERY_MS, Math.max(LOOK_AGAIN_MS, nextAt - now()));
  };

  const rounds = startRounds({
    round,
    afterFailureMs: LOOK_AGAIN_MS,
    onFailure: (error) => onFailure(error),
  });
  const unsubscribe = store.onWrite(rounds.wake);

  return {
    async stop() {
      stopping.abort();
      unsubscribe();
      await rounds.stop();
      await Promise.all(underWay.values());
    },
  };
}
