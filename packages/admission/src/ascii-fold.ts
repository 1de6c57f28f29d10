/** Lower-cases A to Z and nothing else: other letters have look-alikes that fold onto ASCII (U+212A, U+017F). */
export function foldAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
