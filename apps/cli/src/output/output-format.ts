/** How data is printed: for a person, for a person who wants all columns, for programs, or only the names. */
export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'yaml', 'name'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

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
  if (flags.json) return 'json';
  return flags.quiet === true ? 'name' : 'table';
}

/** True where a command line asks for JSON, before it is parsed: also its failures are JSON then. */
export function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  const own = end === -1 ? argv : argv.slice(0, end);
  return own.some(
    (word, index) =>
      word === '--json' ||
      /^(-o=?|--output=)json$/.test(word) ||
      ((word === '-o' || word === '--output') && own[index + 1] === 'json'),
  );
}
