/** What an entry counts besides its characters (RFC 7541 section 4.1). */
const ENTRY_BYTES = 32;
/** Lists that entries are spread over; a power of two. */
const LISTS = 64;

/** The bytes that a field takes in a table. */
export function entryBytes(name: string, value: string): number {
  return ENTRY_BYTES + name.length + value.length;
}

/**
 * The dynamic table of an encoder (RFC 7541 section 2.3.2). Entries are numbered since the connection began and stand in a ring by number;
 * those with a like name and value are linked from the younger to the older one, and an evicted one ends the list. So nothing is made
 * or taken apart for an entry: a Map would leave tables behind that only the collection of the old heap takes.
 */
export class SentTable {
  /** A power of two; no table that is allowed has more entries. */
  readonly #slots: number;
  readonly #names: string[] = [];
  readonly #values: string[] = [];
  /** The number of the next older entry of the same list; -1: there is none. */
  readonly #older: number[] = [];
  readonly #youngest: number[] = new Array<number>(LISTS).fill(-1);
  #oldest = 0;
  #next = 0;
  #bytes = 0;
  #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
    this.#slots = 2 ** Math.ceil(Math.log2(bytesMax / ENTRY_BYTES));
  }

  get bytesMax(): number {
    return this.#bytesMax;
  }

  /** Sets the size, at most that of the beginning. */
  resize(bytesMax: number): void {
    this.#bytesMax = bytesMax;
    this.#evict(bytesMax);
  }

  /** How many entries are younger than this one; -1: there is no such entry. */
  find(name: string, value: string): number {
    let number = this.#youngest[listOf(name, value)] ?? -1;
    while (number >= this.#oldest) {
      const slot = number & (this.#slots - 1);
      if (this.#values[slot] === value && this.#names[slot] === name) return this.#next - 1 - number;
      number = this.#older[slot] ?? -1;
    }
    return -1;
  }

  /** Adds an entry that is not there; one that is larger than the table only empties it (RFC 7541 section 4.4). */
  add(name: string, value: string): void {
    const bytes = entryBytes(name, value);
    this.#evict(this.#bytesMax - bytes);
    if (bytes > this.#bytesMax) return;
    const list = listOf(name, value);
    const slot = this.#next & (this.#slots - 1);
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#older[slot] = this.#youngest[list] ?? -1;
    this.#youngest[list] = this.#next;
    this.#next += 1;
    this.#bytes += bytes;
  }

  #evict(bytesMax: number): void {
    while (this.#bytes > bytesMax && this.#oldest < this.#next) {
      const slot = this.#oldest & (this.#slots - 1);
      this.#bytes -= entryBytes(this.#names[slot] ?? '', this.#values[slot] ?? '');
      this.#names[slot] = '';
      this.#values[slot] = '';
      this.#oldest += 1;
    }
  }
}

/** Lengths and the outer characters tell most fields apart; a whole table that is compared is small. */
function listOf(name: string, value: string): number {
  const outer = Math.imul(value.charCodeAt(0), 5) + Math.imul(value.charCodeAt(value.length - 1), 17);
  return (Math.imul(name.length, 7) + Math.imul(value.length, 3) + outer) & (LISTS - 1);
}
