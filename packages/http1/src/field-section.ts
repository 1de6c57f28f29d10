import * as characters from './character-classes.ts';
import { endOfText, WINDOW } from './head-window.ts';
import { Http1Error, type Http1Fault } from './http1-error.ts';
import { type FieldId, fieldIdOf, findFieldId, findShownId } from './known-fields.ts';

// Constants of this module: V8 looks an imported one up, and checks it, at each use.
const { COLON, CR, equalsExactly, equalsText, HTAB, LF, SP, TEXT, TOKEN } = characters;
const shown = WINDOW;

/** More bytes are needed. */
export const NEED_MORE = -1;

/** One field, as strings; bytes are read as Latin-1. */
export type FieldPair = readonly [name: string, value: string];

/** What the next byte belongs to. */
const LINE = 0;
const NAME = 1;
const BEFORE_VALUE = 2;
const VALUE = 3;
const LINE_FEED = 4;
const LAST_LINE_FEED = 5;

/** Numbers kept of one field: id, where its name begins and ends, where its value begins and ends, 1 if written as `name: value CRLF`. */
const STRIDE = 6;
/** Lines for which there is room from the start. */
const LINES_EXPECTED = 16;

/**
 * The field lines of a message, by their places in its bytes: nothing is copied and no string is made until one is asked for.
 * Places are counted from `base`, so that they stay right when the bytes move.
 */
export class FieldSection {
  bytes: Buffer;
  base = 0;
  /** Lines read so far. */
  count = 0;
  private readonly fieldsMax: number;
  private readonly tooMany: Http1Fault;
  /** Grows with the largest section and is used again. */
  private places = new Int32Array(LINES_EXPECTED * STRIDE);
  private state = LINE;
  private nameStart = 0;
  private nameEnd = 0;
  private valueStart = 0;
  private id: FieldId = 0;

  constructor(fieldsMax: number, tooMany: Http1Fault) {
    this.bytes = Buffer.alloc(0);
    this.fieldsMax = fieldsMax;
    this.tooMany = tooMany;
  }

  /** Makes ready for another message. */
  clear(bytes: Buffer): void {
    this.bytes = bytes;
    this.base = 0;
    this.count = 0;
    this.state = LINE;
  }

  /**
   * Reads lines from `from` up to `end`, both indexes of `bytes`. Gives the index behind the empty line, or NEED_MORE; then the next
   * call goes on at the old `end`. Throws Http1Error.
   */
  scan(bytes: Buffer, base: number, from: number, end: number): number {
    this.bytes = bytes;
    this.base = base;
    let at = from;
    while (at < end) {
      const byte = bytes[at] as number;
      switch (this.state) {
        case LINE:
          if (byte === CR) {
            this.state = LAST_LINE_FEED;
            at += 1;
            break;
          }
          if (byte === SP || byte === HTAB) throw new Http1Error('folded_line');
          if (this.count === this.fieldsMax) throw new Http1Error(this.tooMany);
          this.nameStart = at - base;
          this.state = NAME;
          break;
        case NAME:
          while (at < end && TOKEN[bytes[at] as number] === 1) at += 1;
          if (at === end) break;
          if (bytes[at] !== COLON || at - base === this.nameStart) {
            throw new Http1Error(bytes[at] === LF ? 'line_end' : 'field_name');
          }
          this.nameEnd = at - base;
          this.id = findFieldId(bytes, base + this.nameStart, at);
          this.state = BEFORE_VALUE;
          at += 1;
          break;
        case BEFORE_VALUE:
          while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at += 1;
          if (at === end) break;
          this.valueStart = at - base;
          this.state = VALUE;
          break;
        case VALUE:
          while (at < end && TEXT[bytes[at] as number] === 1) at += 1;
          if (at === end) break;
          if (bytes[at] !== CR) throw new Http1Error(bytes[at] === LF ? 'line_end' : 'field_value');
          this.add(at - base);
          this.state = LINE_FEED;
          at += 1;
          break;
        case LINE_FEED:
          if (byte !== LF) throw new Http1Error('line_end');
          this.state = LINE;
          at += 1;
          break;
        default:
          if (byte !== LF) throw new Http1Error('line_end');
          return at + 1;
      }
    }
    return NEED_MORE;
  }

  /**
   * Takes the lines from `from` on that are shown in the window as a whole and written plainly, and gives the place behind them. All
   * others, the empty line, and the search for faults are left to the states of `scan`. Places are counted from the base.
   */
  takeShownLines(from: number): number {
    // What V8 finds in a loop it may not yet know to be constant.
    const bytes = shown;
    const token = TOKEN;
    let at = from;
    while (this.count < this.fieldsMax) {
      const nameStart = at;
      while (token[bytes[at] as number] === 1) at += 1;
      const nameEnd = at;
      const valueStart = nameEnd + 2;
      if (nameEnd === nameStart || bytes[nameEnd] !== COLON || bytes[nameEnd + 1] !== SP) return nameStart;
      if (isBlank(bytes[valueStart] as number)) return nameStart;
      at = endOfText(valueStart);
      if (bytes[at] !== CR || bytes[at + 1] !== LF || isBlank(bytes[at - 1] as number)) return nameStart;
      this.put(findShownId(nameStart, nameEnd), nameStart, nameEnd, valueStart, at, 1);
      at += 2;
    }
    return at;
  }

  private add(lineEnd: number): void {
    const { bytes, base, nameEnd, valueStart } = this;
    let valueEnd = lineEnd;
    while (valueEnd > valueStart && isBlank(bytes[base + valueEnd - 1] as number)) valueEnd -= 1;
    const isPlain =
      valueStart === nameEnd + 2 && bytes[base + nameEnd + 1] === SP && valueEnd === lineEnd ? 1 : 0;
    this.put(this.id, this.nameStart, nameEnd, valueStart, valueEnd, isPlain);
  }

  private put(
    id: FieldId,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
    isPlain: 0 | 1,
  ): void {
    const at = this.count * STRIDE;
    if (at === this.places.length) this.makeRoom();
    const { places } = this;
    places[at] = id;
    places[at + 1] = nameStart;
    places[at + 2] = nameEnd;
    places[at + 3] = valueStart;
    places[at + 4] = valueEnd;
    places[at + 5] = isPlain;
    this.count += 1;
  }

  private makeRoom(): void {
    const larger = new Int32Array(2 * this.places.length);
    larger.set(this.places);
    this.places = larger;
  }

  /** The number of a field's name; 0 where it is no known one. */
  idAt(index: number): FieldId {
    return this.places[index * STRIDE] as number;
  }

  /** Where the name begins in `bytes`. */
  nameStartAt(index: number): number {
    return this.base + (this.places[index * STRIDE + 1] as number);
  }

  /** Where the name ends in `bytes`: at its colon. */
  nameEndAt(index: number): number {
    return this.base + (this.places[index * STRIDE + 2] as number);
  }

  /** Where the value begins in `bytes`, behind its whitespace. */
  valueStartAt(index: number): number {
    return this.base + (this.places[index * STRIDE + 3] as number);
  }

  /** Where the value ends in `bytes`, before its whitespace. */
  valueEndAt(index: number): number {
    return this.base + (this.places[index * STRIDE + 4] as number);
  }

  /** Whether the line is written as `name: value CRLF`, with one space and no whitespace behind. */
  isPlainAt(index: number): boolean {
    return this.places[index * STRIDE + 5] === 1;
  }

  /** The name as it was spelt. */
  nameAt(index: number): string {
    return this.bytes.toString('latin1', this.nameStartAt(index), this.nameEndAt(index));
  }

  /** `known` itself where the value is the same: what comes with every message of a connection needs no new string. */
  valueAt(index: number, known = ''): string {
    const start = this.valueStartAt(index);
    const end = this.valueEndAt(index);
    return known !== '' && equalsExactly(this.bytes, start, end, known)
      ? known
      : this.bytes.toString('latin1', start, end);
  }

  /** Whether the value is this text, spelt in any case; `text` is lower-case ASCII. */
  valueIs(index: number, text: string): boolean {
    return equalsText(this.bytes, this.valueStartAt(index), this.valueEndAt(index), text);
  }

  /** Whether the value begins with this text, spelt in any case; `text` is lower-case ASCII. */
  valueBegins(index: number, text: string): boolean {
    const start = this.valueStartAt(index);
    const end = start + text.length;
    return end <= this.valueEndAt(index) && equalsText(this.bytes, start, end, text);
  }

  /** The index of the first field with a known name at or behind `from`; -1 if there is none. */
  find(id: FieldId, from = 0): number {
    for (let index = from; index < this.count; index += 1) if (this.idAt(index) === id) return index;
    return -1;
  }

  /** The values of all fields of a name, in order; the name in lower case, known or not. */
  valuesOf(name: string): string[] {
    const id = fieldIdOf(name);
    const values: string[] = [];
    for (let index = 0; index < this.count; index += 1) {
      if (this.idAt(index) === id && (id !== 0 || this.nameIs(index, name))) values.push(this.valueAt(index));
    }
    return values;
  }

  /** All fields as strings, in order: for what is not on the way of every request. */
  toPairs(): FieldPair[] {
    return Array.from({ length: this.count }, (_, index) => [this.nameAt(index), this.valueAt(index)]);
  }

  private nameIs(index: number, name: string): boolean {
    return equalsText(this.bytes, this.nameStartAt(index), this.nameEndAt(index), name);
  }
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}
