import { type Target, targetName } from '@postern/contracts/plain';

/** Milliseconds a failing target is left alone: after the first failure in a row, and at most. */
const BACK_OFF_FIRST_MS = 1_000;
const BACK_OFF_MAX_MS = 30_000;

/** One target's share of the work, from the choice until the exchange with it is over. */
export interface Lease {
  readonly target: Target;
  /** The target as logs and problems have it. */
  readonly name: string;
  /** The target answered: its failures are forgotten. */
  succeeded(): void;
  /** The target could not be connected to, or broke off before it answered. */
  failed(): void;
  /** The exchange is over. Later calls do nothing. */
  release(): void;
}

/** Chooses targets of one service: the one with the fewest exchanges under way for its weight, of those that may be used. */
export interface Balancer {
  /** A lease on a target that is not excluded (null: none is), or how many milliseconds until one may be tried again. */
  choose(excluded: ReadonlySet<Target> | null): Lease | { readonly retryAfterMs: number };
}

interface State {
  readonly target: Target;
  readonly name: string;
  readonly weight: number;
  pending: number;
  failures: number;
  closedUntil: number;
  /** Of smooth weighted round robin: grows by the weight, and falls by the sum of weights when chosen. */
  turn: number;
}

/**
 * Keeps count per target and leaves failing ones alone for 1 s, doubling to 30 s (passive health). Targets that
 * `isUnhealthy` says (active checks) are not chosen while the service has others; where every one is, all of them are
 * (decision 0011).
 *
 * The only target that may be used is never left alone: there is nothing else to choose, and its own error says more than
 * "unhealthy" and ends as soon as it is back. `now` is milliseconds of any steady clock.
 */
export function createBalancer(
  targets: readonly Target[],
  now: () => number,
  isUnhealthy: (target: Target) => boolean = () => false,
): Balancer {
  const states = targets.map(
    (target): State => ({
      target,
      name: targetName(target),
      weight: target.weight ?? 1,
      pending: 0,
      failures: 0,
      closedUntil: 0,
      turn: 0,
    }),
  );
  return {
    choose(excluded) {
      const [only] = states;
      // Nothing is weighed where there is one: it is taken, healthy or not, unless it has just failed this request.
      if (states.length === 1 && only !== undefined && excluded?.has(only.target) !== true)
        return new Share(only, now);
      const at = now();
      const healthy = states.filter(({ target }) => !isUnhealthy(target));
      const usable = healthy.length === 0 ? states : healthy;
      const isOnly = usable.length === 1;
      const chosen = leastPending(
        usable.filter(
          ({ target, closedUntil }) => excluded?.has(target) !== true && (isOnly || closedUntil <= at),
        ),
      );
      if (chosen === undefined) {
        const soonest = Math.min(...usable.map(({ closedUntil }) => closedUntil));
        return { retryAfterMs: Math.max(0, soonest - at) };
      }
      // A target that comes out of back-off gets one exchange as a trial; the next one waits for its outcome.
      if (chosen.failures > 0) chosen.closedUntil = at + backOffMs(chosen.failures);
      return new Share(chosen, now);
    },
  };
}

class Share implements Lease {
  readonly #state: State;
  readonly #now: () => number;
  #isReleased = false;

  constructor(state: State, now: () => number) {
    this.#state = state;
    this.#now = now;
    state.pending += 1;
  }

  get target(): Target {
    return this.#state.target;
  }

  get name(): string {
    return this.#state.name;
  }

  succeeded(): void {
    this.#state.failures = 0;
    this.#state.closedUntil = 0;
  }

  failed(): void {
    this.#state.failures += 1;
    this.#state.closedUntil = this.#now() + backOffMs(this.#state.failures);
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#state.pending -= 1;
  }
}

/**
 * The one with the fewest exchanges under way for its weight. Equals are taken in turn, by smooth weighted round robin, so
 * that an idle service spreads its requests by weight as well.
 */
function leastPending(open: readonly State[]): State | undefined {
  const least = Math.min(...open.map(({ pending, weight }) => pending / weight));
  const equals = open.filter(({ pending, weight }) => pending / weight === least);
  let total = 0;
  let chosen: State | undefined;
  for (const state of equals) {
    state.turn += state.weight;
    total += state.weight;
    if (chosen === undefined || state.turn > chosen.turn) chosen = state;
  }
  if (chosen !== undefined) chosen.turn -= total;
  return chosen;
}

function backOffMs(failures: number): number {
  return Math.min(BACK_OFF_MAX_MS, BACK_OFF_FIRST_MS * 2 ** Math.min(failures - 1, 10));
}
