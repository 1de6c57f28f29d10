import * as characters from './character-classes.ts';
import type { FieldSection } from './field-section.ts';
import { Http1Error } from './http1-error.ts';
import { type FieldId, fieldId, findFieldId } from './known-fields.ts';

// Constants of this module: V8 looks an imported one up, and checks it, at each use.
const { COMMA, equalsBytes, equalsText, HTAB, LOWER, SP, TOKEN } = characters;
/** What most heads say that say something. */
const KEEP_ALIVE = Buffer.from('keep-alive', 'latin1');

/** What these fields say holds for the message as a whole or is written anew by each hop; no Connection option can take them away. */
const NEVER_NOMINATED: ReadonlySet<FieldId> = new Set([fieldId('host'), fieldId('content-length')]);

/**
 * The options of all Connection fields of a head (RFC 9110 section 7.6.1): whether the connection stays, and which fields are for
 * this hop alone. What is no token names nothing and is passed over.
 */
export class ConnectionOptions {
  close = false;
  keepAlive = false;
  upgrade = false;
  private count = 0;
  private readonly known: FieldId[] = [];
  /** Names without a number: begin and length, from the section's base. */
  private readonly others: number[] = [];
  private readonly optionsMax: number;

  constructor(optionsMax: number) {
    this.optionsMax = optionsMax;
  }

  clear(): void {
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.count = 0;
    // Asked first: setting the length of an array is a call into the runtime, and most heads nominate nothing.
    if (this.known.length > 0) this.known.length = 0;
    if (this.others.length > 0) this.others.length = 0;
  }

  /** Reads the members of one Connection field. Throws `too_many_connection_options`. */
  add(section: FieldSection, index: number): void {
    const { bytes } = section;
    const end = section.valueEndAt(index);
    let at = section.valueStartAt(index);
    if (equalsBytes(bytes, at, end, KEEP_ALIVE)) {
      this.countOne();
      this.keepAlive = true;
      return;
    }
    while (at < end) {
      while (at < end && isSeparator(bytes[at] as number)) at += 1;
      const start = at;
      while (at < end && TOKEN[bytes[at] as number] === 1) at += 1;
      const tokenEnd = at;
      while (at < end && bytes[at] !== COMMA) at += 1;
      if (at > start) this.countOne();
      if (tokenEnd > start && isBlank(bytes, tokenEnd, at)) this.note(section, start, tokenEnd);
    }
  }

  private countOne(): void {
    this.count += 1;
    if (this.count > this.optionsMax) throw new Http1Error('too_many_connection_options');
  }

  private note(section: FieldSection, start: number, end: number): void {
    const { bytes } = section;
    if (equalsText(bytes, start, end, 'keep-alive')) this.keepAlive = true;
    else if (equalsText(bytes, start, end, 'close')) this.close = true;
    else if (equalsText(bytes, start, end, 'upgrade')) this.upgrade = true;
    else {
      const id = findFieldId(bytes, start, end);
      if (id === 0) this.others.push(start - section.base, end - start);
      else if (!NEVER_NOMINATED.has(id)) this.known.push(id);
    }
  }

  /** Whether a Connection option makes this field one of this hop alone. */
  nominates(section: FieldSection, index: number): boolean {
    const id = section.idAt(index);
    if (id !== 0) return this.known.length > 0 && this.known.includes(id);
    const { others } = this;
    if (others.length === 0) return false;
    const { bytes, base } = section;
    const start = section.nameStartAt(index);
    const length = section.nameEndAt(index) - start;
    for (let at = 0; at < others.length; at += 2) {
      if (others[at + 1] !== length) continue;
      const other = base + (others[at] as number);
      let same = 0;
      while (same < length && LOWER[bytes[start + same] as number] === LOWER[bytes[other + same] as number])
        same += 1;
      if (same === length) return true;
    }
    return false;
  }
}

function isSeparator(byte: number): boolean {
  return byte === SP || byte === HTAB || byte === COMMA;
}

function isBlank(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes[at] !== SP && bytes[at] !== HTAB) return false;
  return true;
}
