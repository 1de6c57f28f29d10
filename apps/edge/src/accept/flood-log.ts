import { networkOf } from './address-load.ts';

interface FloodOptions {
  /** Connections of an address that may be cut off within the time. */
  readonly floodsMax: number;
  readonly floodMemoryMs: number;
  /** Milliseconds, of a clock that only goes forward. */
  readonly now: () => number;
}

/** Addresses that are remembered; more are forgotten with the oldest. */
const ADDRESSES_MAX = 10_000;

/** Remembers whose connections were cut off for flooding: by coming anew each would have the bounds of a new connection. */
export class FloodLog {
  readonly #options: FloodOptions;
  /** Times of the last floods, oldest first. */
  readonly #floods = new Map<string, number[]>();

  constructor(options: FloodOptions) {
    this.#options = options;
  }

  note(address: string): void {
    const key = networkOf(address);
    const times = [...this.#recent(key), this.#options.now()].slice(-this.#options.floodsMax);
    // The newest stand last.
    this.#floods.delete(key);
    this.#floods.set(key, times);
    const [oldest] = this.#floods.keys();
    if (this.#floods.size > ADDRESSES_MAX && oldest !== undefined) this.#floods.delete(oldest);
  }

  /** True while the address is to be turned away. */
  isShut(address: string): boolean {
    if (this.#floods.size === 0) return false;
    const key = networkOf(address);
    const recent = this.#recent(key);
    if (recent.length === 0) this.#floods.delete(key);
    return recent.length >= this.#options.floodsMax;
  }

  #recent(key: string): number[] {
    const since = this.#options.now() - this.#options.floodMemoryMs;
    return (this.#floods.get(key) ?? []).filter((at) => at > since);
  }
}
