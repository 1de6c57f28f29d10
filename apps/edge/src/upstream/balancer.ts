import type { Target } from '@postern/contracts';

/** Milliseconds a failing target is left alone: after the first failure in a row, and at most. */
const BACK_OFF_FIRST_MS = 1_000;
const BACK_OFF_MAX_MS = 30_000;

/** One target's share of the work, from the choice until the exchange with it is over. */
export interface Lease {
  readonly target: Target;
  /** The target answered: its failures are forgotten. */
  succeeded(): void;
  /** The target could not be connected to, or broke off before it answered. */
  failed(): void;
  /** The exchange is over. Later calls do nothing. */
  release(): void;
}

/** Chooses targets of one service: the one with the fewest exchanges under way among those not in back-off. */
export interface Balancer {
  /** A lease on a target that is not excluded, or how many milliseconds until one may be tried again. */
  choose(excluded: ReadonlySet<Target>): Lease | { readonly retryAfterMs: number };
}

/**
 * Keeps count per target and leaves failing ones alone for 1 s, doubling to 30 s (passive health).
 *
 * The only target of a service is never left alone: there is nothing else to choose, and its own error says more than
 * "unhealthy" and ends as soon as it is back. `now` is milliseconds of any steady clock.
 */
export function createBalancer(targets: readonly Target[], now: () => number): Balancer {
  const states = targets.map((target) => ({ target, pending: 0, failures: 0, closedUntil: 0 }));
  let turn = 0;
  return {
    choose(excluded) {
      const at = now();
      const candidates = states.filter(({ target }) => !excluded.has(target));
      const open =
        targets.length === 1 ? candidates : candidates.filter(({ closedUntil }) => closedUntil <= at);
      // Equal counts are taken in turn, so that an idle service still spreads its requests.
      turn = (turn + 1) % states.length;
      const rotated = [
        ...open.slice(turn % Math.max(1, open.length)),
        ...open.slice(0, turn % Math.max(1, open.length)),
      ];
      const chosen = rotated.reduce<(typeof states)[number] | undefined>(
        (best, state) => (best === undefined || state.pending < best.pending ? state : best),
        undefined,
      );
      if (chosen === undefined) {
        const soonest = Math.min(...states.map(({ closedUntil }) => closedUntil));
        return { retryAfterMs: Math.max(0, soonest - at) };
      }
      // A target that comes out of back-off gets one exchange as a trial; the next one waits for its outcome.
      if (chosen.failures > 0) chosen.closedUntil = at + backOffMs(chosen.failures);
      chosen.pending += 1;
      let released = false;
      return {
        target: chosen.target,
        succeeded() {
          chosen.failures = 0;
          chosen.closedUntil = 0;
        },
        failed() {
          chosen.failures += 1;
          chosen.closedUntil = now() + backOffMs(chosen.failures);
        },
        release() {
          if (released) return;
          released = true;
          chosen.pending -= 1;
        },
      };
    },
  };
}

function backOffMs(failures: number): number {
  return Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(failures - 1, 10));
}
