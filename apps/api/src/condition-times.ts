import type { EdgeRegistry } from './edge-registry.ts';

/** Conditions that are remembered; the one that changed longest ago is forgotten first. */
const CONDITIONS_MAX = 100_000;

/** Since when things are as they are: the API notes the time when it first sees a condition have another reason. */
export class ConditionTimes {
  readonly #seen = new Map<string, { readonly reason: string; readonly since: number }>();

  /** Notes what a condition of the thing `id` is now, and gives since when (milliseconds since 1970). */
  observe(id: string, reason: string, now: number): number {
    const known = this.#seen.get(id);
    if (known?.reason === reason) return known.since;
    this.#seen.delete(id);
    this.#seen.set(id, { reason, since: now });
    if (this.#seen.size > CONDITIONS_MAX) {
      for (const oldest of this.#seen.keys()) {
        this.#seen.delete(oldest);
        break;
      }
    }
    return now;
  }
}

const timesOfRegistry = new WeakMap<EdgeRegistry, ConditionTimes>();

/** The times of one running API: they are kept in memory, as what edges report is. */
export function conditionTimesOf(edges: EdgeRegistry): ConditionTimes {
  let times = timesOfRegistry.get(edges);
  if (times === undefined) {
    times = new ConditionTimes();
    timesOfRegistry.set(edges, times);
  }
  return times;
}
