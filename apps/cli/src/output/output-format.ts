/** How data is printed: for a person, for a person who wants all columns, for programs, or only the names. */
const OUTPUT_FORMATS = ['table', 'wide', 'json', 'json-compact', 'yaml', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** What `-o` takes: `text` is what other CLIs call a table. */
export const OUTPUT_WORDS = [...OUTPUT_FORMATS, 'text'] as const;

/** The flags that choose a format. */
export interface OutputFlags {
  readonly output?: string | undefined;
  readonly json: boolean;
  readonly quiet?: boolean | undefined;
}

/** The format that flags ask for: `-o` first, then `--json`, then `-q`; a table for a person else. */
export function outputFormatOf(flags: OutputFlags): OutputFormat {
  const asked = OUTPUT_FORMATS.find((format) => format === flags.output);
  if (asked !== undefined) return asked;
  if (flags.output === 'text') return 'table';
  if (flags.json) return 'json';
  return flags.quiet === true ? 'name' : 'table';
}

/** True where a person reads the data: talk may stand beside it. */
export function isForPerson(flags: OutputFlags): boolean {
  return ['table', 'wide'].includes(outputFormatOf(flags));
}

/** True where a command line asks for JSON, before it is parsed: also its failures are JSON then. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  return own.some(
    (word, index) =>
      word === '--json' ||
      /^(-o=?|--output=)json(-compact)?$/.test(word) ||
      ((word === '-o' || word === '--output') && /^json(-compact)?$/.test(own[index + 1] ?? '')),
  );
}
