/** What one client has open. */
export interface AddressCount {
  readonly network: string;
  count: number;
}

/** Counts what clients have open, by address; an IPv6 client by its /64, of which a subscriber has one at least. */
export class AddressLoad {
  readonly #max: number;
  readonly #counts = new Map<string, AddressCount>();

  /** Infinity: no bound. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Counts one more, and gives what `release` wants; null where the address has as many as it may. */
  take(address: string): AddressCount | null {
    const network = networkOf(address);
    const counted = this.#counts.get(network) ?? { network, count: 0 };
    if (counted.count >= this.#max) return null;
    if (counted.count === 0) this.#counts.set(network, counted);
    counted.count += 1;
    return counted;
  }

  /** Counts one less. */
  release(counted: AddressCount): void {
    counted.count -= 1;
    if (counted.count === 0) this.#counts.delete(counted.network);
  }

  /** Addresses with anything open. */
  get size(): number {
    return this.#counts.size;
  }
}

/** Whom an address stands for: an IPv6 one for its /64, the first four groups. */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
