import { COMMANDS, type LoadCommand, NOUNS } from '../command-list.ts';
import { verbsOf } from '../find-command.ts';
import { type CommandPage, describeCommand } from './command-page.ts';
import { flagTerm, flagText, loneCommands } from './write-help.ts';

/** The manual page of one command, in man's own macros (roff); section 1. */
export function renderManPage(page: CommandPage, version: string): string {
  const paragraphs = (page.description ?? page.summary).split('\n\n');
  const flags = (global: boolean) =>
    page.flags
      .filter((flag) => flag.global === global)
      .map((flag) => term(flagTerm(flag).trim(), flagText(flag)));
  return join([
    head(`postern ${page.words}`, version),
    section('NAME', [`${escapeRoff(pageName(page.words))} \\- ${escapeRoff(page.summary)}`]),
    section('SYNOPSIS', [`.B ${escapeRoff(page.usage)}`]),
    section(
      'DESCRIPTION',
      paragraphs.flatMap((text, index) => [
        ...(index === 0 ? [] : ['.PP']),
        ...(text.includes('\n  ') ? ['.nf', escapeRoff(text), '.fi'] : [escapeRoff(text)]),
      ]),
    ),
    section(
      'ARGUMENTS',
      page.args.map(({ name, description, options }) =>
        term(name, options.length === 0 ? description : `${description}: ${options.join(', ')}`),
      ),
    ),
    section('OPTIONS', flags(false)),
    section('GLOBAL OPTIONS', flags(true)),
    section(
      'EXIT STATUS',
      Object.entries(page.exits).map(([code, meaning]) => term(code, meaning)),
    ),
    section('EXAMPLES', ['.nf', ...page.examples.map(escapeRoff), '.fi']),
    section('SEE ALSO', [
      escapeRoff([...page.related.map((words) => `${pageName(words)}(1)`), 'postern(1)'].join(', ')),
    ]),
  ]);
}

/** The manual page of the program: its nouns and commands. */
export function renderProgramPage(version: string): string {
  const nouns = Object.entries(NOUNS).map(([noun, about]) =>
    term(
      noun,
      `${about}: ${verbsOf(noun)
        .map((verb) => `${pageName(`${noun} ${verb}`)}(1)`)
        .join(', ')}`,
    ),
  );
  return join([
    head('postern', version),
    section('NAME', ['postern \\- publish services under hostnames, over TLS, for the clients you name']),
    section('SYNOPSIS', ['.B postern NOUN VERB [NAME] [FLAGS]', '.br', '.B postern COMMAND [FLAGS]']),
    section('NOUNS', nouns),
    section(
      'COMMANDS',
      loneCommands().map(([id, summary]) => term(id, summary)),
    ),
  ]);
}

/** Every page by its file name, like `postern-route-create.1`. */
export async function renderAllPages(load: LoadCommand, version: string): Promise<Map<string, string>> {
  const pages = new Map([['postern.1', renderProgramPage(version)]]);
  for (const [id, { hidden }] of Object.entries(COMMANDS)) {
    if (hidden === true) continue;
    const page = await describeCommand(id, load);
    pages.set(`${pageName(page.words)}.1`, renderManPage(page, version));
  }
  return pages;
}

function pageName(words: string): string {
  return `postern-${words.replaceAll(' ', '-')}`;
}

function head(title: string, version: string): string {
  return `.TH ${title.replaceAll(' ', '-').toUpperCase()} 1 "" "postern ${version}" "Postern"`;
}

function section(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : [`.SH ${title}`, ...lines].join('\n');
}

function term(name: string, text: string): string {
  return `.TP\n.B ${escapeRoff(name)}\n${escapeRoff(text)}`;
}

function join(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

/** Text as roff prints it: backslashes and hyphens as they are, no line that reads as a request. */
function escapeRoff(text: string): string {
  return text
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}
