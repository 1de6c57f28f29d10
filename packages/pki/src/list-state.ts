/** Milliseconds: nobody needs to be warned earlier than that before a list ends. */
const WARNED_BEFORE_MS = 24 * 3_600_000;
/** The part of a list's life at its end that is warned of where that is less. */
const WARNED_PART = 1 / 4;

/** `expiring`: a successor is overdue. */
export type ListState = 'fresh' | 'expiring' | 'stale';

/**
 * Says how old a revocation list is: `stale` from `nextUpdate` on, `expiring` in the last quarter of its life, at most 24 h before its
 * end. All times are milliseconds since 1970; `nextUpdate` null: it never ends.
 */
export function listStateOf(
  { thisUpdate, nextUpdate }: { readonly thisUpdate: number; readonly nextUpdate: number | null },
  now: number,
): ListState {
  if (nextUpdate === null) return 'fresh';
  if (now >= nextUpdate) return 'stale';
  const warnedMs = Math.min((nextUpdate - thisUpdate) * WARNED_PART, WARNED_BEFORE_MS);
  return now >= nextUpdate - warnedMs ? 'expiring' : 'fresh';
}
