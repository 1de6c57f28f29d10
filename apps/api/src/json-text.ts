const known = new WeakMap<object, string>();

/** The JSON of an answer, which nobody changes: its entity tag is made of the same text that is sent. */
export function jsonTextOf(answer: object): string {
  const text = known.get(answer) ?? JSON.stringify(answer);
  known.set(answer, text);
  return text;
}
