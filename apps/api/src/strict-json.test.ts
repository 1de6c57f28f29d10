import { PosternError } from '@postern/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStrictJson } from './strict-json.ts';

function detailOf(text: string): string | undefined {
  try {
    parseStrictJson(text);
  } catch (error) {
    if (error instanceof PosternError && error.code === 'malformed_body') return error.detail;
    throw error;
  }
  return undefined;
}

test('every JSON document without doubled keys reads as JSON.parse reads it, in any spacing', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(undefined, 1, '\t'), (value, space) => {
      const text = JSON.stringify(value, null, space);
      fc.pre(!text.includes('"__proto__"'));
      expect(parseStrictJson(` ${text}\n`)).toEqual(JSON.parse(text));
    }),
  );
});

test('a text is refused exactly when JSON.parse refuses it', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '"a"',
    '"b"',
    '1',
    '-0.5e3',
    '01',
    'true',
    'nul',
    ' ',
    '"',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      let reads = true;
      try {
        JSON.parse(text);
      } catch {
        reads = false;
      }
      const detail = detailOf(text);
      if (reads) fc.pre(detail === undefined || !detail.includes('twice'));
      expect(detail === undefined).toBe(reads);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ['{"a":1,\n "a":2}', 'line 2, column 2: this key is there twice'],
  ['{"x":{"a":1,"\\u0061":2}}', 'line 1, column 13: this key is there twice'],
  ['{"spec":{"__proto__":{"admin":true}}}', 'line 1, column 10: "__proto__" is not a key'],
  ['', 'line 1, column 1: a JSON body is needed'],
  ['{"a":}', 'line 1, column 6: expected a value'],
  ['{"a":1} x', 'line 1, column 9: there is something after the JSON'],
  ['"a\u0001"', 'line 1, column 3: a string holds no raw control character'],
  ['["\\x"]', 'line 1, column 3: this is not an escape of JSON'],
])('%j is refused with its place', (text, detail) => {
  expect(detailOf(text)).toBe(detail);
});

test('depth is bounded without recursion: 64 levels pass, 65 and 20,000 are refused', () => {
  const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  expect(detailOf(nested(64))).toBeUndefined();
  expect(detailOf(nested(65))).toContain('nested deeper than 64');
  expect(detailOf('{"a":'.repeat(20_000))).toContain('nested deeper than 64');
});

test('a key has at most 1,024 characters', () => {
  expect(detailOf(JSON.stringify({ ['k'.repeat(1024)]: 1 }))).toBeUndefined();
  expect(detailOf(JSON.stringify({ ['k'.repeat(1025)]: 1 }))).toContain('at most 1024 characters');
});

test('a refusal never repeats the text, which may hold a secret', () => {
  for (const text of ['{"key": "hunter2" "x"}', '{"hunter2": 1, "hunter2": 2}', 'hunter2', '["hunter2']) {
    expect(detailOf(text)).not.toContain('hunter2');
  }
});
