import { DER_TAGS, DerCursor, type DerElement, readOid } from './der-cursor.ts';
import { escapeControls } from './escape-controls.ts';

/** One attribute of a name: `text` is null where its bytes are not text of the type they claim. */
export interface NameAttribute {
  readonly oid: string;
  readonly tag: number;
  readonly text: string | null;
}

/** A distinguished name as it stands in DER. */
export interface DistinguishedName {
  /** Attributes by relative name, in the certificate's order. */
  readonly relativeNames: readonly (readonly NameAttribute[])[];
  /** One word for each relative name; two are equal exactly where RFC 5280 section 7.1 calls the names equal. */
  readonly keys: readonly string[];
  /** `keys` as one word. */
  readonly key: string;
  /** On one line, for people; separators and invisible characters escaped (RFC 4514). */
  readonly text: string;
}

export const COMMON_NAME = '2.5.4.3';
export const EMAIL_ADDRESS = '1.2.840.113549.1.9.1';

/** Short names of attribute types, by object identifier. */
export const ATTRIBUTE_NAMES: Readonly<Record<string, string>> = {
  [COMMON_NAME]: 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  [EMAIL_ADDRESS]: 'emailAddress',
};

const STRING_TAGS = {
  utf8: 12,
  numeric: 18,
  printable: 19,
  t61: 20,
  ia5: 22,
  visible: 26,
  universal: 28,
  bmp: 30,
} as const;
/** Compared as text; any other value by its bytes, as OpenSSL does. */
const FOLDED: ReadonlySet<number> = new Set(
  Object.values(STRING_TAGS).filter((tag) => tag !== STRING_TAGS.numeric),
);

/** Reads a Name (RFC 5280 section 4.1.2.4). Throws an Error where it is not DER. */
export function readDistinguishedName({ content }: DerElement): DistinguishedName {
  const sequence = new DerCursor(content);
  const relativeNames: NameAttribute[][] = [];
  const keys: string[] = [];
  while (!sequence.atEnd) {
    const set = sequence.enter(DER_TAGS.set);
    const attributes: NameAttribute[] = [];
    const parts: string[] = [];
    do {
      const pair = set.enter(DER_TAGS.sequence);
      const oid = readOid(pair.take(DER_TAGS.oid));
      const value = pair.take();
      pair.end();
      const text = textOf(value);
      attributes.push({ oid, tag: value.tag, text });
      parts.push(keyOf(oid, value, text));
    } while (!set.atEnd);
    relativeNames.push(attributes);
    keys.push(parts.toSorted().join('+'));
  }
  // Once: every check of a path names its certificate.
  let text: string | undefined;
  return {
    relativeNames,
    keys,
    key: keys.join('/'),
    get text() {
      text ??= relativeNames.map((attributes) => attributes.map(shown).join('+')).join(', ');
      return text;
    },
  };
}

function keyOf(oid: string, { tag, content, whole }: DerElement, text: string | null): string {
  let value: string;
  if (FOLDED.has(tag) && (text !== null || tag === STRING_TAGS.t61)) {
    value = foldedNameValue(text ?? content.toString('latin1'));
  } else {
    value = `#${whole.toString('hex')}`;
  }
  return nameAttributeKey(oid, value);
}

/** A value as names are compared (RFC 5280 section 7.1): white space gathered, A to Z without case. */
export function foldedNameValue(text: string): string {
  const spaced = text.replace(/[ \t\n\v\f\r]+/g, ' ').replace(/^ | $/g, '');
  return spaced.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** The length makes it impossible that one value looks like two. */
export function nameAttributeKey(oid: string, value: string): string {
  return `${oid}:${value.length}:${value}`;
}

/** Text of a directory string as its type says; null where the bytes are not of that type, or mean different things to readers. */
function textOf({ tag, content }: DerElement): string | null {
  switch (tag) {
    case STRING_TAGS.utf8: {
      const text = content.toString('utf8');
      return Buffer.from(text, 'utf8').equals(content) ? text : null;
    }
    case STRING_TAGS.bmp: {
      if (content.length % 2 !== 0) return null;
      const text = Buffer.from(content).swap16().toString('utf16le');
      // Surrogates are no characters of UCS-2: a pair of them is one to some readers and two to others.
      return /[\ud800-\udfff]/.test(text) ? null : text;
    }
    case STRING_TAGS.universal:
      return textOfUniversal(content);
    case STRING_TAGS.t61:
    case STRING_TAGS.printable:
    case STRING_TAGS.numeric:
    case STRING_TAGS.ia5:
    case STRING_TAGS.visible: {
      const text = content.toString('latin1');
      return /^[\u0000-\u007f]*$/.test(text) ? text : null;
    }
    default:
      return null;
  }
}

function textOfUniversal(content: Buffer): string | null {
  if (content.length % 4 !== 0) return null;
  let text = '';
  for (let at = 0; at < content.length; at += 4) {
    const point = content.readUInt32BE(at);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return null;
    text += String.fromCodePoint(point);
  }
  return text;
}

function shown({ oid, text }: NameAttribute): string {
  const escaped = (text ?? '(not text)').replace(/[\\,+"<>;=]/g, '\\$&');
  return `${ATTRIBUTE_NAMES[oid] ?? oid}=${escapeControls(escaped)}`;
}
