import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@postern/contracts';
import type { Store } from '@postern/store';

/** Milliseconds between slices: requests get the loop to themselves for as long as a slice may hold it. */
const PAUSE_MS = 10;
/** Milliseconds without a sign of new work after which we look anyway: another process may have made a job. */
const IDLE_MS = 1000;

/** Works through the store's jobs, one bounded slice at a time, until stopped; `stop` ends after the present slice. */
export function startJobRunner(
  store: Pick<Store, 'runJobSlice' | 'onRevision'>,
  log: Log,
): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  let wake = new AbortController();
  const off = store.onRevision(() => wake.abort());

  const run = async () => {
    while (!signal.aborted) {
      wake = new AbortController();
      let pauseMs = PAUSE_MS;
      try {
        if (!(await store.runJobSlice())) pauseMs = IDLE_MS;
      } catch (error) {
        log.error({ err: error }, 'a slice of a recompiling job failed; it is tried again');
        pauseMs = IDLE_MS;
      }
      const interrupt = pauseMs === IDLE_MS ? AbortSignal.any([signal, wake.signal]) : signal;
      await sleep(pauseMs, undefined, { signal: interrupt }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    async stop() {
      stopping.abort();
      off();
      await running;
    },
  };
}
