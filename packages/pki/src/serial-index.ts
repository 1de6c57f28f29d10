/**
 * A set of serial numbers that stays small: the bytes stay in the DER they were read from, and a table of open addressing
 * says where. 16 bytes an entry at most beside the DER; a look-up costs the same at ten entries and at a million.
 */
export class SerialIndex {
  readonly #der: Buffer;
  /** Offset of a serial number's length byte in the DER, plus one; 0 is a free slot. */
  readonly #slots: Uint32Array;
  #size = 0;

  /** `entriesMax` bounds what is added; the table is at most half full. */
  constructor(der: Buffer, entriesMax: number) {
    this.#der = der;
    this.#slots = new Uint32Array(2 ** Math.ceil(Math.log2(Math.max(entriesMax, 1) * 2)));
  }

  get size(): number {
    return this.#size;
  }

  /** Adds the INTEGER whose length byte stands at `offset`; false where it is there already. */
  add(offset: number): boolean {
    const slot = this.#find(this.#der, offset + 1, this.#der[offset] ?? 0);
    if (this.#slots[slot] !== 0) return false;
    this.#slots[slot] = offset + 1;
    this.#size += 1;
    return true;
  }

  /** `serial` is the bytes of an INTEGER, at most 127 of them. */
  has(serial: Buffer): boolean {
    return this.#slots[this.#find(serial, 0, serial.length)] !== 0;
  }

  /** The slot that holds the serial number, or the free one where it belongs. */
  #find(bytes: Buffer, from: number, length: number): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(bytes, from, length) & mask;
    for (;;) {
      const at = this.#slots[slot] ?? 0;
      if (at === 0 || this.#isAt(at - 1, bytes, from, length)) return slot;
      slot = (slot + 1) & mask;
    }
  }

  #isAt(offset: number, bytes: Buffer, from: number, length: number): boolean {
    if (this.#der[offset] !== length) return false;
    for (let index = 0; index < length; index += 1)
      if (this.#der[offset + 1 + index] !== bytes[from + index]) return false;
    return true;
  }
}

/** FNV-1a. Whoever chooses serial numbers that collide is the CA itself, and only slows its own list. */
function hashOf(bytes: Buffer, from: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let index = from; index < from + length; index += 1)
    hash = Math.imul(hash ^ (bytes[index] ?? 0), 0x01000193);
  return hash >>> 0;
}
