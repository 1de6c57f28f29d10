import { isIPv6 } from 'node:net';

/** Counts what clients have open, by address; an IPv6 client by its /64, of which a subscriber has one at least. */
export class AddressLoad {
  readonly #max: number;
  readonly #counts = new Map<string, number>();

  /** Infinity: no bound. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Gives the way to count one less, or null where the address has as many as it may. */
  take(address: string): (() => void) | null {
    const key = networkOf(address);
    const count = this.#counts.get(key) ?? 0;
    if (count >= this.#max) return null;
    this.#counts.set(key, count + 1);
    return () => {
      const left = (this.#counts.get(key) ?? 1) - 1;
      if (left === 0) this.#counts.delete(key);
      else this.#counts.set(key, left);
    };
  }

  /** Addresses with anything open. */
  get size(): number {
    return this.#counts.size;
  }
}

/** Whom an address stands for: an IPv6 one for its /64, the first four groups. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return [...before, ...zeros, ...after].slice(0, 4).join(':');
}
