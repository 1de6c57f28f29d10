import { TEXT as IMPORTED_TEXT, VISIBLE as IMPORTED_VISIBLE } from './character-classes.ts';

// Constants of this module: V8 looks an imported one up, and checks it, at each use.
const TEXT = IMPORTED_TEXT;
const VISIBLE = IMPORTED_VISIBLE;

/** Bytes of a head that are shown; what is longer is read from where it came. */
const SHOWN_BYTES_MAX = 4096;
/** Room for what ends every text, and for words that begin in what is shown. */
const GUARD_BYTES = 16;
/** Of each of four bytes. */
const HIGH_BITS = 0x80808080;

/**
 * The beginning of the head that is being read, with zeros behind it, at which every text ends. V8 knows the address and the length of a
 * constant when it compiles; those of any other Buffer it loads and checks again and again, which is most of the cost of reading one.
 * Valid until the next one is shown: only within one call of `MessageHead.read`.
 */
export const WINDOW = Buffer.alloc(SHOWN_BYTES_MAX + GUARD_BYTES);
/** The same as words of four bytes, which begin anywhere and are read little-endian. */
export const WINDOW_WORDS = new DataView(WINDOW.buffer, WINDOW.byteOffset, WINDOW.length);

// The same two for the functions of this module.
const bytes = WINDOW;
const words = WINDOW_WORDS;

/** Shows what lies from `from` up to `end` of a piece, as far as there is room. */
export function showInWindow(piece: Buffer, from: number, end: number): void {
  const length = Math.min(end - from, SHOWN_BYTES_MAX);
  if (from === 0 && piece.length <= SHOWN_BYTES_MAX) bytes.set(piece);
  else piece.copy(bytes, 0, from, from + length);
  words.setInt32(length, 0);
}

/** The place in the window of the first byte that no field value may hold. */
export function endOfText(from: number): number {
  let at = from;
  let word = words.getInt32(at, true);
  // Four at a time while none is a control character, DEL, or above ASCII: below 0x20 the first sum borrows, from 0x7f on the second carries.
  while ((((word - 0x20202020) | (word + 0x01010101) | word) & HIGH_BITS) === 0) {
    at += 4;
    word = words.getInt32(at, true);
  }
  while (TEXT[bytes[at] as number] === 1) at += 1;
  return at;
}

/** The place in the window of the first byte that is not visible ASCII. */
export function endOfVisible(from: number): number {
  let at = from;
  let word = words.getInt32(at, true);
  while ((((word - 0x21212121) | (word + 0x01010101) | word) & HIGH_BITS) === 0) {
    at += 4;
    word = words.getInt32(at, true);
  }
  while (VISIBLE[bytes[at] as number] === 1) at += 1;
  return at;
}
