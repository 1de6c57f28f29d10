import type { FieldPair } from './header-field.ts';
import { TABLE_BYTES_MAX } from './hpack-decoder.ts';
import { entryBytes, SentTable } from './sent-table.ts';
import { STATIC_TABLE } from './static-table.ts';

/** Longer fields are sent as they are: they would push out what comes back more often. */
const INDEXED_BYTES_MAX = 256;
/** First byte of a literal, and the bits of it that a number takes (RFC 7541 section 6.2). */
const INDEXED = { pattern: 0x40, mask: 0x3f };
const NOT_INDEXED = { pattern: 0, mask: 0x0f };
const NEVER_INDEXED = { pattern: 0x10, mask: 0x0f };
/** Secrets, never to be kept in a table, whether their sender says so or not (RFC 7541 section 7.1.3). */
const SECRETS = ['authorization', 'cookie', 'proxy-authorization', 'set-cookie'];
/** Different in every message, so that an entry would be of no use. */
const PASSING = [':path', 'content-range', 'etag', 'last-modified', 'location', 'x-request-id'];

/** What is known of a name. */
interface KnownName {
  /** Its first index in the static table; 0: it is not there. */
  readonly index: number;
  /** Its values in the static table, with their indexes. */
  readonly values: FieldIndex[];
  readonly form: typeof INDEXED;
}

interface FieldIndex {
  readonly value: string;
  readonly index: number;
}

const knownNames = new Map<string, KnownName>();
for (const [at, { name, value }] of STATIC_TABLE.entries()) {
  const index = at + 1;
  const known = knownNames.get(name) ?? { index, values: [], form: formOf(name) };
  if (value !== '') known.values.push({ value, index });
  knownNames.set(name, known);
}
for (const name of [...SECRETS, ...PASSING])
  if (!knownNames.has(name)) knownNames.set(name, { index: 0, values: [], form: formOf(name) });
const UNKNOWN: KnownName = { index: 0, values: [], form: INDEXED };

function formOf(name: string): typeof INDEXED {
  if (SECRETS.includes(name)) return NEVER_INDEXED;
  return PASSING.includes(name) ? NOT_INDEXED : INDEXED;
}

/** Where blocks are written before their length is known; grows to the largest. */
let scratch = Buffer.allocUnsafeSlow(16 * 1024);

/** Encodes the header blocks of one direction of a connection (RFC 7541), without Huffman: bytes are cheaper than time here. */
export class HpackEncoder {
  readonly #table = new SentTable(TABLE_BYTES_MAX);
  /** The smallest size since the last block, to be said before the next; -1: nothing has changed. */
  #announced = -1;
  #at = 0;

  /** Keeps to the table size that the other side allows. */
  resize(bytesMax: number): void {
    const bytes = Math.min(bytesMax, TABLE_BYTES_MAX);
    if (bytes === this.#table.bytesMax) return;
    this.#announced = this.#announced === -1 ? bytes : Math.min(this.#announced, bytes);
    this.#table.resize(bytes);
  }

  /** Gives the block of `fields`; its bytes hold until the next call on any encoder. */
  encode(fields: readonly FieldPair[]): Buffer {
    this.#at = 0;
    let bytes = 32;
    for (const [name, value] of fields) bytes += name.length + value.length + 16;
    if (bytes > scratch.length) scratch = Buffer.allocUnsafeSlow(bytes);
    if (this.#announced !== -1) {
      const { bytesMax } = this.#table;
      if (this.#announced < bytesMax) this.#integer(0x20, 0x1f, this.#announced);
      this.#integer(0x20, 0x1f, bytesMax);
      this.#announced = -1;
    }
    for (const [name, value, neverIndexed] of fields) {
      if (neverIndexed === true) this.#literal(name, value, knownNames.get(name)?.index ?? 0, NEVER_INDEXED);
      else this.#field(name, value);
    }
    return scratch.subarray(0, this.#at);
  }

  #field(name: string, value: string): void {
    const { index, values, form } = knownNames.get(name) ?? UNKNOWN;
    for (const known of values) {
      if (known.value !== value) continue;
      this.#integer(0x80, 0x7f, known.index);
      return;
    }
    const isIndexed = form === INDEXED && entryBytes(name, value) <= INDEXED_BYTES_MAX;
    const younger = isIndexed ? this.#table.find(name, value) : -1;
    if (younger !== -1) {
      this.#integer(0x80, 0x7f, STATIC_TABLE.length + 1 + younger);
      return;
    }
    this.#literal(name, value, index, isIndexed || form !== INDEXED ? form : NOT_INDEXED);
    if (isIndexed) this.#table.add(name, value);
  }

  /** `index`: of the name in the static table; 0: it is not there. */
  #literal(name: string, value: string, index: number, { pattern, mask }: typeof INDEXED): void {
    if (index !== 0) this.#integer(pattern, mask, index);
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
}
