import { wrapText } from '../help/wrap-text.ts';
import type { OutputLayout } from './output-layout.ts';

/** Characters that a column keeps, however narrow the terminal is. */
const COLUMN_MIN = 6;
const GAP = '  ';
const BOLD_ON = '\u001b[1m';
const BOLD_OFF = '\u001b[22m';

/**
 * Writes rows under a header, one line each. On a terminal columns are aligned, and the widest are shortened with `…`
 * until a line fits; in a pipe they are separated by one tab, so that `cut` works. Control characters in cells become
 * `?`, so that no value can speak to the terminal. A last column that `goesBelow` is never shortened: where the lines do not
 * fit, each of its cells stands under its row.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  layout: OutputLayout,
  last: 'isShortened' | 'goesBelow' = 'isShortened',
): string {
  const all = [header, ...rows].map((row) => row.map(cleanCell));
  if (!layout.terminal) return all.map((row) => `${row.join('\t')}\n`).join('');
  const wanted = header.map((_, column) => Math.max(...all.map((row) => lengthOf(row[column] ?? ''))));
  const isBelow = last === 'goesBelow' && widthOf(wanted) > layout.columns;
  const widths = fitWidths(isBelow ? wanted.slice(0, -1) : wanted, header.map(lengthOf), layout.columns);
  return all
    .map((row, index) => {
      const cells = widths.map((width, column) => fitCell(row[column] ?? '', width));
      const line = cells.join(GAP).trimEnd();
      const below = isBelow && index > 0 ? wrapText(row.at(-1) ?? '', layout.columns - GAP.length) : [];
      const shown = index === 0 && layout.colour ? BOLD_ON + line + BOLD_OFF : line;
      return [shown, ...below.map((text) => GAP + text)].map((text) => `${text}\n`).join('');
    })
    .join('');
}

/** Writes `label: value` lines with the values aligned; absent values are left out. Long ones go on under themselves, or under their label. */
export function formatFields(
  fields: readonly (readonly [string, string | undefined])[],
  columns = Number.POSITIVE_INFINITY,
  indent = '',
): string {
  const present = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(0, ...present.map(([label]) => label.length)) + 2;
  return present
    .map(([label, value]) => {
      const head = `${indent}${`${label}:`.padEnd(width)}`;
      const text = cleanCell(value);
      // A word stays whole, so that it can be copied.
      const isBelow = text.split(' ').some((word) => head.length + word.length > columns);
      const margin = ' '.repeat(isBelow ? indent.length + GAP.length : head.length);
      const lines = wrapText(text, columns - margin.length);
      return (isBelow ? [head.trimEnd(), ...lines] : [head + (lines[0] ?? ''), ...lines.slice(1)])
        .map((line, index) => (index === 0 ? line : margin + line).trimEnd())
        .join('\n');
    })
    .map((line) => `${line}\n`)
    .join('');
}

/** Takes what does not fit from the widest column, again and again: first down to the headers, then to COLUMN_MIN. */
function fitWidths(wanted: readonly number[], headers: readonly number[], columns: number): number[] {
  const widths = [...wanted];
  for (const keepsHeaders of [true, false]) {
    const least = widths.map((_, column) => Math.max(keepsHeaders ? (headers[column] ?? 0) : 0, COLUMN_MIN));
    while (widthOf(widths) > columns) {
      const slack = widths.map((width, column) => (width > (least[column] ?? 0) ? width : 0));
      const widest = slack.indexOf(Math.max(...slack));
      if ((slack[widest] ?? 0) === 0) break;
      widths[widest] = (widths[widest] ?? 0) - 1;
    }
  }
  return widths;
}

function widthOf(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
}

function fitCell(cell: string, width: number): string {
  const characters = [...cell];
  if (characters.length <= width) return cell + ' '.repeat(width - characters.length);
  return `${characters.slice(0, width - 1).join('')}…`;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function cleanCell(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
