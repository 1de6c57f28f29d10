import { TABLE_BYTES_MAX } from './hpack-decoder.ts';
import { STATIC_TABLE } from './static-table.ts';

/** One field to be sent: its name in lower case, its value with one character per byte. */
export type FieldPair = readonly [name: string, value: string];

const ENTRY_BYTES = 32;
/** Longer fields are sent as they are: they would push out what comes back more often. */
const INDEXED_BYTES_MAX = 256;
/** Secrets, never to be kept in a table (RFC 7541 section 7.1.3). */
const NEVER_INDEXED = new Set(['authorization', 'cookie', 'proxy-authorization', 'set-cookie']);
/** Different in every message, so that an entry would be of no use. */
const NOT_INDEXED = new Set([':path', 'content-range', 'etag', 'last-modified', 'location', 'x-request-id']);

const staticNames = new Map<string, number>();
const staticFields = new Map<string, Map<string, number>>();
for (const [at, { name, value }] of STATIC_TABLE.entries()) {
  if (!staticNames.has(name)) staticNames.set(name, at + 1);
  const values = staticFields.get(name) ?? new Map<string, number>();
  if (value !== '') values.set(value, at + 1);
  staticFields.set(name, values);
}

interface Entry {
  readonly name: string;
  readonly value: string;
  readonly bytes: number;
}

/** Where blocks are written before their length is known; grows to the largest. */
let scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** Encodes the header blocks of one direction of a connection (RFC 7541), without Huffman: bytes are cheaper than time here. */
export class HpackEncoder {
  /** Entries by number since the connection began; the oldest that is there has the number `#oldest`. */
  readonly #numbers = new Map<string, Map<string, number>>();
  #entries: Entry[] = [];
  #oldest = 0;
  #tableBytes = 0;
  #tableBytesMax = TABLE_BYTES_MAX;
  /** The smallest size since the last block, to be said before the next; -1: nothing has changed. */
  #announced = -1;
  #at = 0;

  /** Keeps to the table size that the other side allows. */
  resize(bytesMax: number): void {
    const bytes = Math.min(bytesMax, TABLE_BYTES_MAX);
    if (bytes === this.#tableBytesMax) return;
    this.#announced = this.#announced === -1 ? bytes : Math.min(this.#announced, bytes);
    this.#tableBytesMax = bytes;
    this.#evict(bytes);
  }

  /** Gives the block of `fields`; its bytes hold until the next call on any encoder. */
  encode(fields: readonly FieldPair[]): Buffer {
    this.#at = 0;
    let bytes = 32;
    for (const [name, value] of fields) bytes += name.length + value.length + 16;
    if (bytes > scratch.length) scratch = Buffer.allocUnsafeSlow(bytes);
    if (this.#announced !== -1) {
      if (this.#announced < this.#tableBytesMax) this.#integer(0x20, 0x1f, this.#announced);
      this.#integer(0x20, 0x1f, this.#tableBytesMax);
      this.#announced = -1;
    }
    for (const [name, value] of fields) this.#field(name, value);
    return scratch.subarray(0, this.#at);
  }

  #field(name: string, value: string): void {
    const known = staticFields.get(name)?.get(value);
    if (known !== undefined) {
      this.#integer(0x80, 0x7f, known);
      return;
    }
    const values = this.#numbers.get(name);
    const number = values?.get(value);
    if (number !== undefined) {
      this.#integer(0x80, 0x7f, this.#indexOf(number));
      return;
    }
    const bytes = ENTRY_BYTES + name.length + value.length;
    if (NEVER_INDEXED.has(name)) this.#literal(0x10, 0x0f, name, value);
    else if (NOT_INDEXED.has(name) || bytes > INDEXED_BYTES_MAX) this.#literal(0, 0x0f, name, value);
    else {
      this.#literal(0x40, 0x3f, name, value);
      this.#add({ name, value, bytes });
    }
  }

  #literal(pattern: number, mask: number, name: string, value: string): void {
    const known = staticNames.get(name);
    if (known !== undefined) this.#integer(pattern, mask, known);
    else {
      scratch[this.#at] = pattern;
      this.#at += 1;
      this.#string(name);
    }
    this.#string(value);
  }

  #string(text: string): void {
    this.#integer(0, 0x7f, text.length);
    this.#at += scratch.write(text, this.#at, 'latin1');
  }

  #integer(pattern: number, mask: number, value: number): void {
    if (value < mask) {
      scratch[this.#at] = pattern | value;
      this.#at += 1;
      return;
    }
    scratch[this.#at] = pattern | mask;
    this.#at += 1;
    let rest = value - mask;
    while (rest >= 0x80) {
      scratch[this.#at] = 0x80 | (rest & 0x7f);
      this.#at += 1;
      rest >>= 7;
    }
    scratch[this.#at] = rest;
    this.#at += 1;
  }

  #indexOf(number: number): number {
    return STATIC_TABLE.length + this.#oldest + this.#entries.length - number;
  }

  #add(entry: Entry): void {
    this.#evict(this.#tableBytesMax - entry.bytes);
    if (entry.bytes > this.#tableBytesMax) return;
    const values = this.#numbers.get(entry.name) ?? new Map<string, number>();
    values.set(entry.value, this.#oldest + this.#entries.length);
    this.#numbers.set(entry.name, values);
    this.#entries.push(entry);
    this.#tableBytes += entry.bytes;
  }

  #evict(bytesMax: number): void {
    let gone = 0;
    while (this.#tableBytes > Math.max(0, bytesMax)) {
      const entry = this.#entries[gone];
      if (entry === undefined) break;
      this.#tableBytes -= entry.bytes;
      const values = this.#numbers.get(entry.name);
      values?.delete(entry.value);
      if (values?.size === 0) this.#numbers.delete(entry.name);
      gone += 1;
    }
    if (gone === 0) return;
    this.#entries.splice(0, gone);
    this.#oldest += gone;
  }
}
