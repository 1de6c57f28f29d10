/** Universal and context tags of the certificates of RFC 5280; a context tag is written by its number. */
export const DER_TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The tag of a context-specific element that holds other elements. */
export const contextConstructed = (number: number): number => 0xa0 | number;
/** The tag of a context-specific element that holds a bare value. */
export const contextPrimitive = (number: number): number => 0x80 | number;

/** One element of what holds it. Views are made when they are asked for: most of a certificate or session is passed over. */
export class DerElement {
  readonly tag: number;
  readonly #bytes: Buffer;
  readonly #start: number;
  readonly #from: number;
  readonly #end: number;

  /** With its header it begins at `start`, its content at `from`. */
  constructor(tag: number, bytes: Buffer, start: number, from: number, end: number) {
    this.tag = tag;
    this.#bytes = bytes;
    this.#start = start;
    this.#from = from;
    this.#end = end;
  }

  get content(): Buffer {
    return this.#bytes.subarray(this.#from, this.#end);
  }

  /** All of its bytes, with the header. */
  get whole(): Buffer {
    return this.#bytes.subarray(this.#start, this.#end);
  }
}

/**
 * Walks DER strictly: definite and shortest lengths, no tag numbers above 30, nothing beyond the end of what holds it.
 *
 * Nothing is copied, and depth is that of the caller's code, so the work is bounded by the bytes. Every method throws an
 * Error that says what is wrong (X.690 sections 8 and 10).
 */
export class DerCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Takes the next element, which must have this tag where one is given. */
  take(tag?: number): DerElement {
    const start = this.#at;
    const found = this.#byte(start);
    if (tag !== undefined && found !== tag) throw new Error(`tag ${hex(found)} where ${hex(tag)} is due`);
    if ((found & 0x1f) === 0x1f) throw new Error('a tag number above 30');
    const first = this.#byte(start + 1);
    const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
    const length = first < 0x80 ? first : this.#longLength(start + 2, lengthBytes);
    const from = start + 2 + lengthBytes;
    if (length > this.#bytes.length - from) throw new Error('an element is longer than what holds it');
    this.#at = from + length;
    return new DerElement(found, this.#bytes, start, from, this.#at);
  }

  /** Takes the next element only if it has this tag. */
  takeIf(tag: number): DerElement | undefined {
    return !this.atEnd && this.#bytes[this.#at] === tag ? this.take(tag) : undefined;
  }

  /** A cursor over the content of the next element. */
  enter(tag: number): DerCursor {
    return new DerCursor(this.take(tag).content);
  }

  enterIf(tag: number): DerCursor | undefined {
    const element = this.takeIf(tag);
    return element === undefined ? undefined : new DerCursor(element.content);
  }

  /** Throws where anything is left. */
  end(): void {
    if (!this.atEnd) throw new Error('more elements than there may be');
  }

  #byte(at: number): number {
    const byte = this.#bytes[at];
    if (byte === undefined) throw new Error('it ends within an element');
    return byte;
  }

  #longLength(at: number, count: number): number {
    if (count === 0) throw new Error('an indefinite length');
    if (count > 4) throw new Error('a length of more than four bytes');
    let length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + this.#byte(at + index);
    if (length < 0x80 || length < 256 ** (count - 1)) throw new Error('a length that is not the shortest');
    return length;
  }
}

/** An OBJECT IDENTIFIER in dotted form. Throws for one that is cut off, padded or longer than any in use. */
export function readOid({ content }: DerElement): string {
  if (content.length === 0 || content.length > 64)
    throw new Error('an object identifier of no usable length');
  const parts: number[] = [];
  let value = 0;
  let isInside = false;
  for (const byte of content) {
    if (!isInside && byte === 0x80) throw new Error('a padded object identifier');
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) throw new Error('an object identifier with too large a part');
    isInside = (byte & 0x80) !== 0;
    if (isInside) continue;
    if (parts.length === 0)
      parts.push(Math.min(2, Math.floor(value / 40)), value - 40 * Math.min(2, Math.floor(value / 40)));
    else parts.push(value);
    value = 0;
  }
  if (isInside) throw new Error('an object identifier that is cut off');
  return parts.join('.');
}

/** A BOOLEAN, which DER writes as 00 or FF. */
export function readBoolean({ content }: DerElement): boolean {
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff))
    throw new Error('a boolean that is neither 00 nor FF');
  return content[0] === 0xff;
}

/** The bytes of an INTEGER in its shortest form. */
export function readIntegerBytes({ content }: DerElement): Buffer {
  const [first, second] = content;
  if (first === undefined) throw new Error('an integer without bytes');
  if (second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))) {
    throw new Error('an integer that is not the shortest');
  }
  return content;
}

/** An INTEGER from 0 to 2^31-1. */
export function readSmallInteger(element: DerElement): number {
  const bytes = readIntegerBytes(element);
  if (bytes.length > 4 || (bytes[0] ?? 0) >= 0x80)
    throw new Error('an integer that is negative or too large');
  return bytes.readUIntBE(0, bytes.length);
}

/** The bytes of a BIT STRING; `unusedBits` of the last one mean nothing. */
export function readBitString({ content }: DerElement): { bytes: Buffer; unusedBits: number } {
  const unusedBits = content[0];
  if (unusedBits === undefined || unusedBits > 7 || (unusedBits > 0 && content.length === 1)) {
    throw new Error('a bit string with an impossible count of unused bits');
  }
  return { bytes: content.subarray(1), unusedBits };
}

/** The first eight bits of a BIT STRING of named bits, bit 0 as 0x80; a ninth and later ones are not read. */
export function readNamedBits(element: DerElement): number {
  const { bytes, unusedBits } = readBitString(element);
  const first = bytes[0] ?? 0;
  return bytes.length === 1 ? first & (0xff << unusedBits) & 0xff : first;
}

/** A UTCTime or GeneralizedTime in the forms of RFC 5280 section 4.1.2.5, as milliseconds since 1970. */
export function readTime({ tag, content }: DerElement): number {
  const text = content.toString('latin1');
  const match =
    tag === DER_TAGS.utcTime
      ? /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
      : tag === DER_TAGS.generalizedTime
        ? /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text)
        : null;
  if (match === null) throw new Error('a time that is not of the form of RFC 5280');
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  const full = tag === DER_TAGS.utcTime ? year + (year < 50 ? 2000 : 1900) : year;
  const date = new Date(0);
  date.setUTCFullYear(full, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // What rolls over into the next month or day is no date.
  if (
    date.getUTCMonth() !== month - 1 ||
    date.getUTCDate() !== day ||
    hour > 23 ||
    minute > 59 ||
    second > 59
  ) {
    throw new Error('a time that does not exist');
  }
  return date.getTime();
}

function hex(tag: number): string {
  return tag.toString(16).padStart(2, '0');
}
