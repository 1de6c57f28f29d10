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
  let isStopped = false;
  let isWoken = false;
  let wakeUp = (): void => {};
  const off = store.onRevision(() => {
    isWoken = true;
    wakeUp();
  });

  /** Waits until woken: by time, or by a call of `wakeUp`. Plain, since it comes after every write. */
  const wait = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const run = async () => {
    while (!isStopped) {
      isWoken = false;
      let isBusy = false;
      try {
        isBusy = await store.runJobSlice();
      } catch (error) {
        log.error({ err: error }, 'a slice of a recompiling job failed; it is tried again');
      }
      if (isStopped) return;
      if (isBusy) await sleep(PAUSE_MS);
      else if (!isWoken) await wait(IDLE_MS);
    }
  };
  const running = run();
  return {
    async stop() {
      isStopped = true;
      wakeUp();
      off();
      await running;
    },
  };
}
