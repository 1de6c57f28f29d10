/** The beginning of a text, in memory of its own: a slice keeps the whole text, and of some of them strangers choose the length. */
export function cutText(text: string, charsMax: number): string {
  return text.length <= charsMax ? text : Buffer.from(text.slice(0, charsMax)).toString();
}
