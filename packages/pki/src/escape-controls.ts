const INVISIBLE = /[\p{C}\u2028\u2029\ufffd]/gu;

/** Shows text from outside on one line: control, format and unassigned characters become `\u{HEX}`. */
export function escapeControls(text: string): string {
  return text.replace(INVISIBLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** True when text holds a character that cannot be seen, or one that stands for undecodable bytes. */
export function hasInvisible(text: string): boolean {
  return text.search(INVISIBLE) !== -1;
}
