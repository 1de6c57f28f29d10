/** Bytes that give HTTP/1.1 its structure. */
export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const COMMA = 0x2c;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const QUOTE = 0x22;
export const BACKSLASH = 0x5c;

function classOf(isMember: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (isMember(byte) ? 1 : 0));
}

function isOneOf(characters: string): (byte: number) => boolean {
  return (byte) => characters.includes(String.fromCharCode(byte));
}

const isAlphanumeric = (byte: number): boolean => /[0-9A-Za-z]/.test(String.fromCharCode(byte));

/** tchar (RFC 9110 section 5.6.2). One byte of 1 for each member, as in all tables here. */
export const TOKEN = classOf((byte) => isAlphanumeric(byte) || isOneOf("!#$%&'*+-.^_`|~")(byte));

/** What a field value or reason phrase may hold: visible ASCII, SP, HTAB and obs-text (RFC 9110 section 5.5). */
export const TEXT = classOf((byte) => byte === HTAB || (byte >= SP && byte !== 0x7f));

/** Visible ASCII: all that a request target may hold here. */
export const VISIBLE = classOf((byte) => byte > SP && byte < 0x7f);

/** What host and port may hold here: names, addresses, brackets of IPv6, the colon before the port. */
export const AUTHORITY = classOf((byte) => isAlphanumeric(byte) || isOneOf('-._~%:[]')(byte));

/** The value of a hex digit, 255 for every other byte. */
export const HEX_VALUE = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[0-9A-Fa-f]/.test(String.fromCharCode(byte)) ? Number.parseInt(String.fromCharCode(byte), 16) : 255,
);

/** Each byte with ASCII letters in lower case. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte,
);

/** Each byte as CGI-like programs tell names apart: letters in lower case, digits, and `-` for all else. */
export const CGI = LOWER.map((byte) => (isAlphanumeric(byte) ? byte : 0x2d));

/** Whether bytes are this text, spelt in any case; `text` is lower-case ASCII. */
export function equalsText(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (LOWER[bytes[start + index] as number] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** Whether bytes read as Latin-1 are exactly this text. */
export function equalsExactly(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let index = 0; index < text.length; index += 1) {
    if (bytes[start + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

/** Whether bytes are exactly these. */
export function equalsBytes(bytes: Buffer, start: number, end: number, other: Buffer): boolean {
  if (end - start !== other.length) return false;
  for (let index = 0; index < other.length; index += 1) {
    if (bytes[start + index] !== other[index]) return false;
  }
  return true;
}
