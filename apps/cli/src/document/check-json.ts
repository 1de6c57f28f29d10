import type { PlacedFinding } from '../descriptor/format-findings.ts';

/** What a JSON parser says of a text that passed as YAML, which accepts more: a comma too many, comments, bare words. */
export function checkJson(text: string): PlacedFinding[] {
  try {
    JSON.parse(text);
    return [];
  } catch (error) {
    const [, position] = /at position (\d+)/.exec(String(error)) ?? [];
    const offset = position === undefined ? text.trimEnd().length : Number(position);
    const before = text.slice(0, offset).trimEnd();
    // The parser points behind the comma, at the bracket that it did not expect.
    const comma = before.endsWith(',') && /^[\]}]/.test(text.slice(offset));
    const finding = {
      severity: 'error' as const,
      code: 'json',
      message: comma ? 'JSON has no comma after the last item' : 'this is not JSON',
      pointer: '',
      ...(comma ? {} : { hint: 'name the file .yaml if it is YAML' }),
    };
    return [{ finding, offset: comma ? before.length - 1 : offset }];
  }
}
