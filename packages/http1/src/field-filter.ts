import { CGI, LOWER } from './character-classes.ts';
import type { FieldSection } from './field-section.ts';
import { KNOWN_NAMES, type KnownName } from './known-fields.ts';

export interface FieldFilterOptions {
  /** Known names that are left out. */
  readonly names?: readonly KnownName[];
  /** Names that are left out however a program may see them: each character but letters and digits counts as `-`. Lower case, with `-`. */
  readonly aliasedNames?: readonly string[];
  /** The same for all names that begin with one of these and end there, or go on with another part. */
  readonly aliasedPrefixes?: readonly string[];
  /** Leave out names with an underscore, which CGI-like programs take for another name. */
  readonly dropUnderscored?: boolean;
}

/** Which fields of a head are not passed on. Known names cost one look into a table; others are compared as bytes. */
export interface FieldFilter {
  drops(section: FieldSection, index: number): boolean;
}

interface Pattern {
  readonly bytes: Buffer;
  readonly isPrefix: boolean;
}

const UNDERSCORE = 0x5f;
const DASH = 0x2d;

/** Makes a filter; made once and used for all heads of a kind. */
export function createFieldFilter(options: FieldFilterOptions): FieldFilter {
  const patterns: Pattern[] = [
    ...(options.aliasedNames ?? []).map((name) => ({ bytes: Buffer.from(name, 'latin1'), isPrefix: false })),
    ...(options.aliasedPrefixes ?? []).map((name) => ({
      bytes: Buffer.from(name, 'latin1'),
      isPrefix: true,
    })),
  ];
  const mayBegin = new Uint8Array(256);
  for (let byte = 0; byte < 256; byte += 1) {
    if (patterns.some(({ bytes }) => bytes[0] === CGI[byte])) mayBegin[byte] = 1;
  }
  const dropUnderscored = options.dropUnderscored ?? false;
  const dropsBytes = (bytes: Buffer, start: number, end: number): boolean => {
    if (dropUnderscored) {
      for (let at = start; at < end; at += 1) if (bytes[at] === UNDERSCORE) return true;
    }
    if (mayBegin[bytes[start] as number] === 0) return false;
    for (const pattern of patterns) if (matches(pattern, bytes, start, end)) return true;
    return false;
  };
  const known = new Uint8Array(KNOWN_NAMES.length);
  for (const [id, name] of KNOWN_NAMES.entries()) {
    const bytes = Buffer.from(name, 'latin1');
    const isNamed = options.names?.some((other) => other === name) ?? false;
    if (id !== 0 && (isNamed || dropsBytes(bytes, 0, bytes.length))) known[id] = 1;
  }
  return {
    drops(section, index) {
      const id = section.idAt(index);
      if (id !== 0) return known[id] === 1;
      return dropsBytes(section.bytes, section.nameStartAt(index), section.nameEndAt(index));
    },
  };
}

function matches({ bytes: pattern, isPrefix }: Pattern, bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length < pattern.length || (length > pattern.length && !isPrefix)) return false;
  for (let index = 0; index < pattern.length; index += 1) {
    if (CGI[LOWER[bytes[start + index] as number] as number] !== pattern[index]) return false;
  }
  return length === pattern.length || CGI[bytes[start + pattern.length] as number] === DASH;
}
