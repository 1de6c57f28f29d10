/** One entry in the order of use. */
interface Entry<V> {
  readonly key: string;
  value: V;
  older: Entry<V> | null;
  newer: Entry<V> | null;
}

/**
 * A map that keeps at most `max` entries and lets the longest unused one go. The order is a list of its own: a Map whose entries are put in
 * again at each use makes new tables all the time, and each keeps the later ones until the old heap is collected.
 */
export class Lru<V> {
  readonly #max: number;
  readonly #onLetGo: (key: string, value: V) => void;
  readonly #entries = new Map<string, Entry<V>>();
  #oldest: Entry<V> | null = null;
  #newest: Entry<V> | null = null;

  /** `onLetGo` hears of entries that go for want of room, or with all others. */
  constructor(max: number, onLetGo: (key: string, value: V) => void = () => {}) {
    this.#max = max;
    this.#onLetGo = onLetGo;
  }

  /** Gives the value and marks it as used. */
  get(key: string): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#use(entry);
    return entry.value;
  }

  set(key: string, value: V): void {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.value = value;
      this.#use(known);
      return;
    }
    const entry = { key, value, older: null, newer: null };
    this.#entries.set(key, entry);
    this.#append(entry);
    const oldest = this.#oldest;
    if (this.#entries.size <= this.#max || oldest === null) return;
    this.delete(oldest.key);
    this.#onLetGo(oldest.key, oldest.value);
  }

  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#remove(entry);
  }

  clear(): void {
    const gone = [...this.entries()];
    this.#entries.clear();
    this.#oldest = null;
    this.#newest = null;
    for (const [key, value] of gone) this.#onLetGo(key, value);
  }

  /** Longest kept ones first. Entries may be deleted meanwhile. */
  *entries(): IterableIterator<[string, V]> {
    for (const [key, { value }] of this.#entries) yield [key, value];
  }

  #use(entry: Entry<V>): void {
    if (entry === this.#newest) return;
    this.#remove(entry);
    this.#append(entry);
  }

  #append(entry: Entry<V>): void {
    entry.older = this.#newest;
    if (this.#newest === null) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  /** Leaves no link behind in the entry: one that is old would keep what came after it. */
  #remove(entry: Entry<V>): void {
    const { older, newer } = entry;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    entry.older = null;
    entry.newer = null;
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
