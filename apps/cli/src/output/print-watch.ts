import type { WatchEvent } from '@postern/contracts';
import { formatTable } from './format-table.ts';
import type { OutputFormat } from './output-format.ts';
import type { OutputLayout } from './output-layout.ts';

/** Rows whose widths the columns of later ones keep to. */
const ROWS_KEPT = 50;

/** How resources that are followed look in a table. */
export interface WatchTable<R> {
  readonly header: readonly string[];
  row(resource: R): readonly string[];
}

/** Where and how a watch is printed. */
export interface WatchOutput {
  readonly format: OutputFormat;
  readonly layout: OutputLayout;
  write(text: string): void;
}

/**
 * Prints what a watch tells until it ends: first a table of what there is, then a row for each change. For programs each
 * event is one line of JSON or one YAML document, `{type, resource}` or `{type: deleted, name}`; `-o name` prints names.
 */
export async function printWatch<R extends { readonly name: string }>(
  events: AsyncIterable<WatchEvent<R>>,
  table: WatchTable<R>,
  output: WatchOutput,
): Promise<void> {
  let rows: (readonly string[])[] = [];
  let begun = false;
  const writeRow = (row: readonly string[]): void => {
    rows = [...rows.slice(-ROWS_KEPT), row];
    if (!begun) return;
    const lines = formatTable(table.header, rows, output.layout).trimEnd().split('\n');
    output.write(`${lines.at(-1) ?? ''}\n`);
  };
  for await (const event of events) {
    switch (output.format) {
      case 'json':
      case 'json-compact':
        if (event.type !== 'synced') output.write(`${JSON.stringify(event)}\n`);
        break;
      case 'yaml':
        if (event.type !== 'synced') output.write(await yamlOf(event));
        break;
      case 'name':
        if (event.type !== 'synced') output.write(`${nameOf(event)}\n`);
        break;
      case 'table':
      case 'wide':
        if (event.type === 'synced') {
          if (!begun) output.write(formatTable(table.header, rows, output.layout));
          begun = true;
        } else if (event.type === 'deleted') writeRow(deletedRow(event.name, table.header.length));
        else writeRow(table.row(event.resource));
        break;
    }
  }
}

/** The row of what is gone: its name, and so in the last column. */
function deletedRow(name: string, columns: number): string[] {
  return Array.from({ length: columns }, (_, index) =>
    index === 0 ? name : index === columns - 1 ? 'deleted' : '',
  );
}

async function yamlOf(event: unknown): Promise<string> {
  const { stringify } = await import('yaml');
  return `---\n${stringify(JSON.parse(JSON.stringify(event)), { lineWidth: 0 })}`;
}

function nameOf(event: Exclude<WatchEvent<{ readonly name: string }>, { readonly type: 'synced' }>): string {
  return event.type === 'deleted' ? event.name : event.resource.name;
}
