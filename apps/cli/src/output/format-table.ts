/** How a table is laid out: aligned for a person, tab-separated for a program. */
export type TableLayout = 'terminal' | 'pipe';

/**
 * Writes rows under a header, one line each. On a terminal columns are aligned; in a pipe they are separated by one
 * tab, so that `cut` works. Control characters in cells become `?`, so that no value can speak to the terminal.
 */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  layout: TableLayout,
): string {
  const all = [header, ...rows].map((row) => row.map(cleanCell));
  if (layout === 'pipe') return all.map((row) => `${row.join('\t')}\n`).join('');
  const widths = header.map((_, column) => Math.max(...all.map((row) => [...(row[column] ?? '')].length)));
  return all
    .map((row) => {
      const cells = row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length));
      return `${cells.join('  ').trimEnd()}\n`;
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

function cleanCell(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}
