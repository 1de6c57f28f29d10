import { z } from 'zod';
import { pointerOf } from './json-pointer.ts';
import { LIMITS } from './limits.ts';
import { keysAt, ownValue, schemaAt, wordsOf } from './schema-path.ts';

/** Something that is wrong (error) or doubtful (warning) with an input, and where. */
export const finding = z
  .strictObject({
    severity: z.enum(['error', 'warning']),
    /** Stable name of the kind of finding, like `unknown_key`. */
    code: z.string(),
    message: z.string(),
    /** JSON pointer (RFC 6901) into the document the caller sent; empty for the whole. */
    pointer: z.string(),
    /** What to do about it, or the nearest valid spelling. */
    hint: z.string().optional(),
    /** Position inside the text value at `pointer` (a PEM file), from 1. */
    line: z.int().optional(),
    column: z.int().optional(),
  })
  .meta({ id: 'Finding' });
export type Finding = z.infer<typeof finding>;

/**
 * Parses a value and gives it, or every finding at once with "did you mean" for misspelt keys and words. After
 * LIMITS.findingsMax findings a last one says that there are more.
 */
export function parseWith<T extends z.ZodType>(
  schema: T,
  value: unknown,
): { ok: true; value: z.output<T> } | { ok: false; findings: Finding[] } {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  const findings: Finding[] = [];
  for (const issue of result.error.issues) {
    findings.push(...findingsOfIssue(schema, value, issue));
    if (findings.length <= LIMITS.findingsMax) continue;
    const message = `there are more than ${LIMITS.findingsMax} findings; these are the first`;
    const more: Finding = { severity: 'error', code: 'more_findings', message, pointer: '' };
    return { ok: false, findings: [...findings.slice(0, LIMITS.findingsMax), more] };
  }
  return { ok: false, findings };
}

function findingsOfIssue(schema: z.ZodType, value: unknown, issue: z.core.$ZodIssue): Finding[] {
  const pointer = pointerOf(issue.path);
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = keysAt(schema, value, issue.path);
      // One more than are told shows that there are more.
      return issue.keys.slice(0, LIMITS.findingsMax + 1).map((key) => ({
        severity: 'error',
        code: 'unknown_key',
        message: `unknown key "${key}"`,
        pointer: pointerOf([...issue.path, key]),
        ...hintOf(nearest(key, known), known),
      }));
    }
    case 'invalid_type':
      return [
        issue.message.includes('received undefined')
          ? missing(issue.path)
          : {
              severity: 'error',
              code: 'wrong_type',
              message:
                issue.expected === 'int'
                  ? 'expected a whole number'
                  : `expected ${issue.expected}${receivedOf(issue.message)}`,
              pointer,
            },
      ];
    case 'invalid_value':
      return [wrongWord(value, issue.path, issue.values.map(String))];
    case 'invalid_union': {
      const union = schemaAt(schema, value, issue.path.slice(0, -1));
      if (union instanceof z.ZodDiscriminatedUnion) return [wrongWord(value, issue.path, wordsOf(union))];
      // The option that takes a value of this form says what is wrong inside it; the others only that it has another one.
      const fitting = issue.errors.filter((issues) =>
        issues.every(({ path, code }) => path.length > 0 || code !== 'invalid_type'),
      );
      if (fitting.length === 1) {
        return (fitting[0] ?? []).flatMap((inner) =>
          findingsOfIssue(schema, value, { ...inner, path: [...issue.path, ...inner.path] }),
        );
      }
      return [{ severity: 'error', code: 'invalid_value', message: issue.message, pointer }];
    }
    case 'too_small':
    case 'too_big': {
      // A message of the schema's own says more.
      const message = /^Too (small|big): expected number/.test(issue.message)
        ? boundOf(issue)
        : issue.message;
      return [{ severity: 'error', code: 'invalid_value', message, pointer }];
    }
    case 'invalid_key': {
      const message = issue.issues[0]?.message ?? issue.message;
      return [{ severity: 'error', code: 'invalid_key', message, pointer }];
    }
    default: {
      const hint = 'params' in issue ? (issue.params as { hint?: string } | undefined)?.hint : undefined;
      const code = 'params' in issue ? (issue.params as { code?: string } | undefined)?.code : undefined;
      return [
        {
          severity: 'error',
          code: code ?? 'invalid_value',
          message: issue.message,
          pointer,
          ...(hint === undefined ? {} : { hint }),
        },
      ];
    }
  }
}

function boundOf(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string {
  return issue.code === 'too_small'
    ? `expected a number of at least ${issue.minimum}`
    : `expected a number of at most ${issue.maximum}`;
}

function missing(path: readonly PropertyKey[]): Finding {
  const message = `"${String(path.at(-1) ?? 'document')}" is missing`;
  return { severity: 'error', code: 'missing', message, pointer: pointerOf(path) };
}

/** A value that is none of the words a key may have. The value itself is not repeated: it may be a secret in a wrong place. */
function wrongWord(document: unknown, path: readonly PropertyKey[], words: readonly string[]): Finding {
  const found = path.reduce(ownValue, document);
  if (found === undefined) return missing(path);
  const near = typeof found === 'string' ? nearest(found, words) : undefined;
  return {
    severity: 'error',
    code: 'invalid_value',
    message: `expected one of ${words.join(', ')}`,
    pointer: pointerOf(path),
    ...(near === undefined ? {} : { hint: `did you mean "${near}"?` }),
  };
}

function receivedOf(message: string): string {
  const match = /received (\w+)/.exec(message);
  return match?.[1] === undefined ? '' : `, found ${match[1]}`;
}

function hintOf(near: string | undefined, known: readonly string[]): { hint?: string } {
  if (near !== undefined) return { hint: `did you mean "${near}"?` };
  return known.length > 0 ? { hint: `known here: ${known.join(', ')}` } : {};
}

/** The candidate at most two edits away from a word (Damerau-Levenshtein), the nearest first; undefined where none is. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.min(3, Math.ceil(word.length / 2) + 1);
  for (const candidate of candidates) {
    // The difference in length is a lower bound; it also keeps a word of a million characters from being compared.
    if (Math.abs(word.length - candidate.length) >= bestDistance) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(at(i - 1, j) + 1, (row[j - 1] ?? 0) + 1, at(i - 1, j - 1) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        value = Math.min(value, at(i - 2, j - 2) + 1);
      row.push(value);
    }
  }
  return at(a.length, b.length);
}
