/** Milliseconds before the second try; each further wait is twice as long. */
const FIRST_WAIT_MS = 5_000;
/** Milliseconds that a list which is about to end is left alone at least. */
const LEAST_WAIT_MS = 60_000;
/** Milliseconds between two tries, however many have failed. */
const LONGEST_WAIT_MS = 3_600_000;

/**
 * When a list that has come is fetched again (milliseconds since 1970): after `refreshMs` or, where the list ends sooner, after half of
 * what is left of it. Up to a tenth earlier at random, so that lists of one server spread out; `random` is in [0, 1).
 */
export function nextFetchAt(
  now: number,
  refreshMs: number,
  nextUpdate: number | null,
  random: number,
): number {
  const leftMs = nextUpdate === null ? Number.POSITIVE_INFINITY : (nextUpdate - now) / 2;
  const waitMs = Math.min(refreshMs, Math.max(LEAST_WAIT_MS, leftMs));
  return Math.round(now + waitMs * (1 - random / 10));
}

/** When a list is tried again after `failures` tries in a row have failed. The wait grows by up to half at random. */
export function nextRetryAt(now: number, refreshMs: number, failures: number, random: number): number {
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 20), refreshMs, LONGEST_WAIT_MS);
  return Math.round(now + waitMs * (1 + random / 2));
}
