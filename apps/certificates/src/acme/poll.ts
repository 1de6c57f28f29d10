import { setTimeout as sleep } from 'node:timers/promises';
import { IssueFailure } from '../issue-failure.ts';
import type { CallResult } from './acme-calls.ts';

/** Milliseconds between looks: from the first, half as much again each time, to the last. */
const LOOK_MS = { first: 100, last: 5000 };
/** Milliseconds that a Retry-After may ask for; a CA that wants more is looked at earlier. */
const RETRY_AFTER_MS_MAX = 60_000;
/** Milliseconds for all of it. */
const POLL_MS_MAX = 300_000;

/**
 * Looks until `isDone`, as often as the CA's Retry-After allows. Fails with `ca_unreachable` after five minutes: the order
 * is kept and gone on with later.
 */
export async function poll<T>(
  look: () => Promise<CallResult<T>>,
  isDone: (value: T) => boolean,
  options: { readonly what: string; readonly now: () => number; readonly signal: AbortSignal },
): Promise<T> {
  const begunAt = performance.now();
  for (let pauseMs = LOOK_MS.first; ; pauseMs = Math.min(pauseMs * 1.5, LOOK_MS.last)) {
    const { value, retryAt } = await look();
    if (isDone(value)) return value;
    if (performance.now() - begunAt > POLL_MS_MAX) {
      const detail = `${options.what} has not been decided within ${POLL_MS_MAX / 60_000} minutes; the order goes on later`;
      throw new IssueFailure('ca_unreachable', detail);
    }
    const askedMs = retryAt === null ? 0 : Math.min(retryAt - options.now(), RETRY_AFTER_MS_MAX);
    await sleep(Math.max(pauseMs, askedMs), undefined, { signal: options.signal });
  }
}
