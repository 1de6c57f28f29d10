import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '@postern/contracts';
import type { Replica } from '@postern/replica';

/** Milliseconds between two steps, each of a few: the feed and the workers come first. */
const PAUSE_MS = 20;

/** Reads the whole replica once beside its use, and says loudly where it is damaged. Resolves when it is read, or `stop` aborts. */
export async function checkReplica(
  replica: Pick<Replica, 'check'>,
  log: Log,
  stop: AbortSignal,
): Promise<void> {
  try {
    for (const _ of replica.check()) {
      await sleep(PAUSE_MS, undefined, { signal: stop }).catch(() => {});
      if (stop.aborted) return;
    }
  } catch (error) {
    log.error(
      { err: error },
      'the replica cannot be read whole; hosts whose documents are damaged are closed',
    );
  }
}
