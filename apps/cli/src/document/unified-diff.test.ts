import fc from 'fast-check';
import { expect, test } from 'vitest';
import { unifiedDiff } from './unified-diff.ts';

const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd', '- e', '+ f', ''), { maxLength: 40 });
const textOf = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');

/** What a patch program makes of it: every hunk is looked up by its line numbers, and must fit there. */
function patch(before: string, diff: string): string {
  const old = before === '' ? [] : before.replace(/\n$/, '').split('\n');
  const result: string[] = [];
  let at = 0;
  for (const hunk of diff.split(/^(?=@@ )/m).slice(1)) {
    const [head = '', ...body] = hunk.replace(/\n$/, '').split('\n');
    const [, start, count = '1', newStart, newCount = '1'] =
      /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@$/.exec(head) ?? [];
    const first = Number(start) - (Number(count) === 0 ? 0 : 1);
    result.push(...old.slice(at, first));
    expect(result.length).toBe(Number(newStart) - (Number(newCount) === 0 ? 0 : 1));
    at = first;
    for (const line of body) {
      if (line.startsWith('+')) result.push(line.slice(1));
      else {
        expect(line.slice(1)).toBe(old[at]);
        if (line.startsWith(' ')) result.push(line.slice(1));
        at += 1;
      }
    }
  }
  return textOf([...result, ...old.slice(at)]);
}

test('a diff makes one text of the other, and is empty only where they are equal', () => {
  fc.assert(
    fc.property(lines, lines, (a, b) => {
      const [before, after] = [textOf(a), textOf(b)];
      const diff = unifiedDiff({ name: 'a', text: before }, { name: 'b', text: after }, false);
      expect(diff === '').toBe(before === after);
      expect(patch(before, diff)).toBe(after);
    }),
    { numRuns: 500 },
  );
});

test('what does not exist is /dev/null, and far changes are hunks of their own', () => {
  expect(unifiedDiff({ name: 'a', text: null }, { name: 'b', text: 'x\n' }, false)).toBe(
    '--- /dev/null\n+++ b\n@@ -0,0 +1 @@\n+x\n',
  );
  const middle = Array.from({ length: 20 }, (_, index) => `${index}\n`).join('');
  const diff = unifiedDiff(
    { name: 'a', text: `a\n${middle}b\n` },
    { name: 'b', text: `c\n${middle}d\n` },
    false,
  );
  expect(diff.match(/^@@/gm)).toHaveLength(2);
});

test('large texts without a common line are compared in bounded time', () => {
  const text = (word: string): string =>
    Array.from({ length: 20_000 }, (_, index) => `${word}${index}\n`).join('');
  const startedAt = performance.now();
  unifiedDiff({ name: 'a', text: text('a') }, { name: 'b', text: text('b') }, false);
  expect(performance.now() - startedAt).toBeLessThan(10_000);
});
