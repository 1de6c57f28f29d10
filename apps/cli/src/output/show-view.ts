import type { OutputFormat } from './output-format.ts';
import type { OutputLayout } from './output-layout.ts';

/** What a command has to show, in every form a person or a program may ask for. */
export interface View {
  /** What `-o json`, `-o json-compact` and `-o yaml` print; a resource as the API gives it, a list as an array. */
  readonly data: unknown;
  /** What `-o name` and `-q` print, one a line. */
  readonly names: readonly string[];
  /** What a person reads; ends in a newline. */
  text(layout: OutputLayout): string;
}

/** Writes a view in one format. Ends in a newline unless it is empty. */
export async function formatView(view: View, format: OutputFormat, layout: OutputLayout): Promise<string> {
  switch (format) {
    case 'json':
      return `${JSON.stringify(view.data, null, 2)}\n`;
    case 'json-compact':
      return `${JSON.stringify(view.data)}\n`;
    case 'yaml': {
      const { stringify } = await import('yaml');
      // Through JSON: what is absent stays absent, and both forms say the same.
      return stringify(JSON.parse(JSON.stringify(view.data)), {
        version: '1.2',
        schema: 'core',
        lineWidth: 0,
      });
    }
    case 'name':
      return view.names.map((name) => `${name}\n`).join('');
    case 'table':
    case 'wide':
      return view.text(layout);
  }
}
