/** Waits after failures: doubles from 1 s to 1 h, with up to half as much again at random, so that hosts spread out. */
export class BackOff {
  readonly #random: () => number;
  readonly #failures = new Map<string, { count: number; retryAt: number }>();

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** Notes a failure; gives the milliseconds to wait. */
  failed(key: string, now: number): number {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    const baseMs = Math.min(3_600_000, 1000 * 2 ** Math.min(count - 1, 20));
    const waitMs = Math.round(baseMs * (1 + this.#random() / 2));
    this.#failures.set(key, { count, retryAt: now + waitMs });
    return waitMs;
  }

  succeeded(key: string): void {
    this.#failures.delete(key);
  }

  /** True while a key must be left alone. */
  isWaiting(key: string, now: number): boolean {
    return (this.#failures.get(key)?.retryAt ?? 0) > now;
  }

  /** Milliseconds since 1970 at which the next waiting key may be tried; undefined when none waits. */
  nextRetryAt(now: number): number | undefined {
    const times = [...this.#failures.values()]
      .map(({ retryAt }) => retryAt)
      .filter((retryAt) => retryAt > now);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Forgets every key that is not wanted any more, so that removed hosts hold no memory. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#failures.keys()) if (!keys.has(key)) this.#failures.delete(key);
  }
}
