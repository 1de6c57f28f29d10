/** A map that keeps at most `max` entries and lets the longest unused one go. */
export class Lru<V> {
  readonly #max: number;
  readonly #onLetGo: (key: string, value: V) => void;
  readonly #entries = new Map<string, V>();

  /** `onLetGo` hears of entries that go for want of room, or with all others. */
  constructor(max: number, onLetGo: (key: string, value: V) => void = () => {}) {
    this.#max = max;
    this.#onLetGo = onLetGo;
  }

  /** Gives the value and marks it as used. */
  get(key: string): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#max) return;
    const [oldest] = this.#entries;
    if (oldest === undefined) return;
    this.#entries.delete(oldest[0]);
    this.#onLetGo(...oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    const gone = [...this.#entries];
    this.#entries.clear();
    for (const [key, value] of gone) this.#onLetGo(key, value);
  }

  entries(): IterableIterator<[string, V]> {
    return this.#entries.entries();
  }
}

/** What is kept under a key, made where there is nothing yet. */
export function kept<T>(lru: Lru<T>, key: string, make: () => T): T {
  const known = lru.get(key);
  if (known !== undefined) return known;
  const made = make();
  lru.set(key, made);
  return made;
}
