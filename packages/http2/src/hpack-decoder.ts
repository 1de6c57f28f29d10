import { ERROR_CODES, Http2Error } from './error-codes.ts';
import { HeaderField } from './header-field.ts';
import { decodeHuffman } from './huffman.ts';
import { STATIC_TABLE } from './static-table.ts';

/** Bytes of a dynamic table, of either direction: the size that holds before anything is said (RFC 9113 section 6.5.2). */
export const TABLE_BYTES_MAX = 4_096;
/** Bytes of a decoded string: more than any block that is taken can hold. */
const scratch = Buffer.allocUnsafeSlow(256 * 1024);

export interface FieldListLimits {
  /** Bytes as RFC 9113 section 6.5.2 counts them: 32 more than its characters for each field. */
  readonly bytesMax: number;
  readonly fieldsMax: number;
}

/** Decodes the header blocks of one direction of a connection (RFC 7541). */
export class HpackDecoder {
  readonly #limits: FieldListLimits;
  /** The youngest last. */
  #table: HeaderField[] = [];
  #tableBytes = 0;
  #tableBytesMax = TABLE_BYTES_MAX;
  #block: Buffer = scratch;
  #at = 0;

  constructor(limits: FieldListLimits) {
    this.#limits = limits;
  }

  /**
   * Gives the fields of a block in order; null where they are more than the limits, with the table as the block leaves it all the same.
   * Throws Http2Error (COMPRESSION_ERROR) for what cannot be decoded: the connection cannot go on.
   */
  decode(block: Buffer): HeaderField[] | null {
    const fields: HeaderField[] = [];
    let bytes = 0;
    this.#block = block;
    this.#at = 0;
    while (this.#at < block.length) {
      const first = block[this.#at] ?? 0;
      let field: HeaderField;
      if (first >= 0x80) field = this.#entry(this.#integer(0x7f));
      else if (first >= 0x40) {
        field = this.#literal(0x3f);
        this.#add(field);
      } else if (first >= 0x20) {
        // RFC 7541 section 4.2: at the beginning of a block alone.
        if (bytes > 0) throw broken('a table size within a block');
        this.#resize(this.#integer(0x1f));
        continue;
      } else field = this.#literal(0x0f, first >= 0x10);
      bytes += field.bytes;
      if (bytes <= this.#limits.bytesMax && fields.length < this.#limits.fieldsMax) fields.push(field);
      else bytes = Number.POSITIVE_INFINITY;
    }
    this.#block = scratch;
    return bytes === Number.POSITIVE_INFINITY ? null : fields;
  }

  #literal(mask: number, neverIndexed = false): HeaderField {
    const index = this.#integer(mask);
    const name = index === 0 ? this.#string() : this.#entry(index).name;
    return new HeaderField(name, this.#string(), neverIndexed);
  }

  #entry(index: number): HeaderField {
    const field =
      index <= STATIC_TABLE.length
        ? STATIC_TABLE[index - 1]
        : this.#table[this.#table.length - (index - STATIC_TABLE.length)];
    if (field === undefined) throw broken('an index beyond the table');
    return field;
  }

  /** RFC 7541 section 5.1; no number that is needed here takes more than three bytes after the first. */
  #integer(mask: number): number {
    let value = (this.#block[this.#at] ?? 0) & mask;
    this.#at += 1;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#block[this.#at];
      if (byte === undefined) break;
      this.#at += 1;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw broken('a number without an end');
  }

  #string(): string {
    const isCoded = (this.#block[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(0x7f);
    const start = this.#at;
    const end = start + length;
    if (end > this.#block.length) throw broken('a string beyond its block');
    this.#at = end;
    if (!isCoded) return this.#block.toString('latin1', start, end);
    const bytes = decodeHuffman(this.#block, start, end, scratch);
    if (bytes === -1) throw broken('a string that is no Huffman code');
    return scratch.toString('latin1', 0, bytes);
  }

  #add(field: HeaderField): void {
    this.#evict(this.#tableBytesMax - field.bytes);
    // RFC 7541 section 4.4: what is larger than the table empties it.
    if (field.bytes > this.#tableBytesMax) return;
    this.#table.push(field);
    this.#tableBytes += field.bytes;
  }

  #resize(bytes: number): void {
    if (bytes > TABLE_BYTES_MAX) throw broken('a table larger than was offered');
    this.#tableBytesMax = bytes;
    this.#evict(bytes);
  }

  #evict(bytesMax: number): void {
    let gone = 0;
    while (this.#tableBytes > Math.max(0, bytesMax)) {
      this.#tableBytes -= this.#table[gone]?.bytes ?? 0;
      gone += 1;
    }
    if (gone > 0) this.#table.splice(0, gone);
  }
}

function broken(what: string): Http2Error {
  return new Http2Error(ERROR_CODES.compression, `the header block has ${what}`);
}
