import { COMMANDS, type LoadCommand, NOUNS } from '../command-list.ts';
import { readCliEnv } from '../env.ts';
import { findSubject, verbsOf } from '../find-command.ts';
import { layoutOf, type OutputLayout } from '../output/output-layout.ts';
import { type CommandPage, describeCommand, type FlagHelp } from './command-page.ts';
import { formatTerms, wrapText } from './wrap-text.ts';

/** Characters of a help line at most; lines longer than that are hard to read on any screen. */
const COLUMNS_MAX = 100;
const COLUMNS_ELSE = 80;

/** One section of help: its lines under a title. */
type Section = readonly [title: string, lines: readonly string[]];

/** Writes the help that a command line asks for: of the program, a noun or a command. Usage failure for unknown words. */
export async function writeHelp(argv: readonly string[], load: LoadCommand): Promise<string> {
  const layout = layoutOf(process.stdout, readCliEnv().colours);
  const columns = Number.isFinite(layout.columns) ? layout.columns : COLUMNS_ELSE;
  const width = Math.min(columns, COLUMNS_MAX);
  const words = await findSubject(argv);
  const id = words.join(':');
  if (words.length === 0) return formatSections(programSections(width), layout);
  if (!Object.hasOwn(COMMANDS, id)) return formatSections(nounSections(id, width), layout);
  return formatSections(commandSections(await describeCommand(id, load), width), layout);
}

/** A flag as help and manual write it, like `-f, --filename FILE` or `--[no-]wait`. */
export function flagTerm({ name, char, value, allowNo }: FlagHelp): string {
  const long = `--${allowNo ? '[no-]' : ''}${name}${value === undefined ? '' : ` ${value}`}`;
  return char === undefined ? `    ${long}` : `-${char}, ${long}`;
}

/** What a flag does, with its default and where it is needed. */
export function flagText({ description, default: standard, required }: FlagHelp): string {
  const parts = [
    description,
    ...(required ? ['(required)'] : []),
    ...(standard === undefined ? [] : [`[default: ${standard}]`]),
  ];
  return parts.join(' ');
}

/** Commands that stand alone, with their summaries. */
export function loneCommands(): (readonly [string, string])[] {
  return Object.entries(COMMANDS)
    .filter(([id, { hidden }]) => !id.includes(':') && hidden !== true)
    .map(([id, { summary }]) => [id, summary]);
}

function programSections(width: number): Section[] {
  const nouns = Object.entries(NOUNS).map(
    ([noun, about]) => [noun, `${about}: ${verbsOf(noun).join(', ')}`] as const,
  );
  return [
    ['', ['Publish services under hostnames, over TLS, for the clients you name.']],
    ['USAGE', ['  postern NOUN VERB [NAME] [FLAGS]', '  postern COMMAND [FLAGS]']],
    ['NOUNS', formatTerms(nouns, width)],
    ['COMMANDS', formatTerms(loneCommands(), width)],
    [
      'BEGIN',
      [
        '  postern up --demo                                  run everything here, with a service to try',
        '  postern route create my-route --path /=echo        publish the service under a host',
        '  postern secret create tls-ca my-ca --cert ca.crt   a CA whose clients are to be admitted',
        '  postern route update my-route --client-ca-secret my-ca',
      ],
    ],
    [
      'MORE',
      wrapText(
        'Nouns may be plural; ls, rm and show are list, delete and get. Every noun and every command answers --help.',
        width - 2,
      ).map((line) => `  ${line}`),
    ],
  ];
}

function nounSections(noun: string, width: number): Section[] {
  const verbs = verbsOf(noun).map(
    (verb) => [`postern ${noun} ${verb}`, COMMANDS[`${noun}:${verb}`]?.summary ?? ''] as const,
  );
  return [
    ['', [NOUNS[noun] ?? '']],
    ['USAGE', [`  postern ${noun} VERB [FLAGS]`]],
    ['COMMANDS', formatTerms(verbs, width)],
  ];
}

function commandSections(page: CommandPage, width: number): Section[] {
  const flagRows = (global: boolean) =>
    page.flags
      .filter((flag) => flag.global === global)
      .map((flag) => [flagTerm(flag), flagText(flag)] as const);
  const args = page.args.map(
    ({ name, description, options }) =>
      [name, options.length === 0 ? description : `${description}: ${options.join(', ')}`] as const,
  );
  const related = page.related.map(
    (words) => [`postern ${words}`, COMMANDS[words.replaceAll(' ', ':')]?.summary ?? ''] as const,
  );
  const exits = Object.entries(page.exits).map(([code, meaning]) => [code, meaning] as const);
  return [
    ['', [page.summary]],
    ['USAGE', [`  $ ${page.usage}`]],
    ['ARGUMENTS', formatTerms(args, width)],
    ['FLAGS', formatTerms(flagRows(false), width)],
    ['GLOBAL FLAGS', formatTerms(flagRows(true), width)],
    [
      'DESCRIPTION',
      page.description === undefined
        ? []
        : wrapText(page.description, width - 2).map((line) => (line === '' ? '' : `  ${line}`)),
    ],
    ['EXAMPLES', page.examples.map((example) => `  $ ${example}`)],
    ['EXIT STATUS', formatTerms(exits, width)],
    ['SEE ALSO', formatTerms(related, width)],
  ];
}

function formatSections(sections: readonly Section[], { colour }: OutputLayout): string {
  return sections
    .filter(([, lines]) => lines.length > 0)
    .map(([title, lines]) => {
      const head = title === '' ? [] : [colour ? `\u001b[1m${title}\u001b[22m` : title];
      return `${[...head, ...lines].join('\n')}\n`;
    })
    .join('\n');
}
