const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/**
 * Replaces control characters but newline and tab by `?`: text from files and from the API must not speak to the
 * terminal. One character for one, so that carets stay where they are.
 */
export function cleanText(text: string): string {
  return text.replace(CONTROLS, '?');
}
