import type { OutputLayout } from './output-layout.ts';

/** Characters that a column keeps, however narrow the terminal is. */
const COLUMN_MIN = 6;
const GAP = '  ';
const BOLD_ON = '\u001b[1m';
const BOLD_OFF = '\u001b[22m';

/**
 * Writes rows under a header, one line each. On a terminal columns are aligned, and the widest are shortened with `…`
 * until a line fits; in a pipe they are separated by one tab, so that `cut` works. Control characters in cells become
 * `?`, so that no value can speak to the terminal.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  layout: OutputLayout,
): string {
  const all = [header, ...rows].map((row) => row.map(cleanCell));
  if (!layout.terminal) return all.map((row) => `${row.join('\t')}\n`).join('');
  const wanted = header.map((_, column) => Math.max(...all.map((row) => lengthOf(row[column] ?? ''))));
  const widths = fitWidths(wanted, header.map(lengthOf), layout.columns);
  return all
    .map((row, index) => {
      const cells = row.map((cell, column) => fitCell(cell, widths[column] ?? 0));
      const line = cells.join(GAP).trimEnd();
      return `${index === 0 && layout.colour ? BOLD_ON + line + BOLD_OFF : line}\n`;
    })
    .join('');
}

/** Writes `label: value` lines with the values aligned; absent values are left out. */
export function formatFields(
  fields: readonly (readonly [string, string | undefined])[],
  indent = '',
): string {
  const present = fields.filter((field): field is readonly [string, string] => field[1] !== undefined);
  const width = Math.max(0, ...present.map(([label]) => label.length)) + 2;
  return present
    .map(([label, value]) => `${indent}${`${label}:`.padEnd(width)}${cleanCell(value)}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

/** Takes what does not fit from the widest column, again and again; a column keeps its header or COLUMN_MIN. */
function fitWidths(wanted: readonly number[], headers: readonly number[], columns: number): number[] {
  const widths = [...wanted];
  const least = wanted.map((width, column) => Math.min(width, Math.max(headers[column] ?? 0, COLUMN_MIN)));
  const gaps = GAP.length * (widths.length - 1);
  while (widths.reduce((sum, width) => sum + width, gaps) > columns) {
    const slack = widths.map((width, column) => (width > (least[column] ?? 0) ? width : 0));
    const widest = slack.indexOf(Math.max(...slack));
    if ((slack[widest] ?? 0) === 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return widths;
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
