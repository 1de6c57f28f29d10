/** Lines around a change that are shown as they are. */
const CONTEXT_LINES = 3;
/** Pairs of lines compared at most; larger changes are shown as one block taken out and one put in. */
const PAIRS_MAX = 4_000_000;

const COLOURS = { '-': '\u001b[31m', '+': '\u001b[32m', '@': '\u001b[36m' } as const;
const BOLD = '\u001b[1m';
const PLAIN = '\u001b[0m';

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/**
 * Writes the difference of two texts as a unified diff with three lines of context; null is a text that does not exist.
 * Empty where they are equal.
 */
export function unifiedDiff(
  before: { readonly name: string; readonly text: string | null },
  after: { readonly name: string; readonly text: string | null },
  colour: boolean,
): string {
  const lines = diffLines(linesOf(before.text), linesOf(after.text));
  if (lines.every(({ sign }) => sign === ' ')) return '';
  const paint = (code: string, text: string): string => (colour ? `${code}${text}${PLAIN}` : text);
  const output = [
    paint(BOLD, `--- ${before.text === null ? '/dev/null' : before.name}`),
    paint(BOLD, `+++ ${after.text === null ? '/dev/null' : after.name}`),
  ];
  for (const { start, end } of hunksOf(lines)) {
    output.push(paint(COLOURS['@'], headOf(lines, start, end)));
    for (const { sign, text } of lines.slice(start, end)) {
      output.push(sign === ' ' ? ` ${text}` : paint(COLOURS[sign], `${sign}${text}`));
    }
  }
  return `${output.join('\n')}\n`;
}

function linesOf(text: string | null): string[] {
  return text === null || text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** The shortest edit script, by the longest common subsequence of what lies between equal ends. */
function diffLines(before: readonly string[], after: readonly string[]): Line[] {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1;
  const same = (texts: readonly string[]): Line[] => texts.map((text) => ({ sign: ' ', text }));
  return [
    ...same(before.slice(0, head)),
    ...diffMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...same(before.slice(before.length - tail)),
  ];
}

function diffMiddle(before: readonly string[], after: readonly string[]): Line[] {
  const lines: Line[] = [];
  let i = 0;
  let j = 0;
  if (before.length * after.length <= PAIRS_MAX) {
    const width = after.length + 1;
    const lengths = new Uint32Array((before.length + 1) * width);
    const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
    for (let row = before.length - 1; row >= 0; row -= 1) {
      for (let column = after.length - 1; column >= 0; column -= 1) {
        lengths[row * width + column] =
          before[row] === after[column]
            ? at(row + 1, column + 1) + 1
            : Math.max(at(row + 1, column), at(row, column + 1));
      }
    }
    while (i < before.length && j < after.length) {
      if (before[i] === after[j]) {
        lines.push({ sign: ' ', text: before[i] ?? '' });
        i += 1;
        j += 1;
      } else if (at(i + 1, j) >= at(i, j + 1)) {
        lines.push({ sign: '-', text: before[i] ?? '' });
        i += 1;
      } else {
        lines.push({ sign: '+', text: after[j] ?? '' });
        j += 1;
      }
    }
  }
  for (const text of before.slice(i)) lines.push({ sign: '-', text });
  for (const text of after.slice(j)) lines.push({ sign: '+', text });
  return lines;
}

function hunksOf(lines: readonly Line[]): { start: number; end: number }[] {
  const hunks: { start: number; end: number }[] = [];
  for (const [index, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    const start = Math.max(0, index - CONTEXT_LINES);
    const end = Math.min(lines.length, index + 1 + CONTEXT_LINES);
    const last = hunks.at(-1);
    if (last !== undefined && start <= last.end) last.end = end;
    else hunks.push({ start, end });
  }
  return hunks;
}

function headOf(lines: readonly Line[], start: number, end: number): string {
  const range = (other: '-' | '+'): string => {
    const count = (part: readonly Line[]): number => part.filter(({ sign }) => sign !== other).length;
    const length = count(lines.slice(start, end));
    const first = count(lines.slice(0, start)) + (length === 0 ? 0 : 1);
    return length === 1 ? String(first) : `${first},${length}`;
  };
  return `@@ -${range('+')} +${range('-')} @@`;
}
