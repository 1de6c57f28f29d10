import { COMMANDS, type LoadCommand, NOUNS } from '../command-list.ts';
import { findCommand, verbsOf } from '../find-command.ts';
import { type CommandPage, describeCommand, type FlagHelp } from '../help/command-page.ts';

/** One thing that may be typed next. */
export interface Suggestion {
  readonly value: string;
  /** A few words about it; empty where it speaks for itself. */
  readonly about: string;
}

/** What live names can be asked for. */
export type NameKind = 'route' | 'secret' | 'service' | 'hostname' | 'token' | 'context';

/** Names of a kind as they are now; empty when they cannot be known in time. */
export type LiveNames = (kind: NameKind, typed: readonly string[]) => Promise<readonly string[]>;

/**
 * What may stand in place of the last of `words` (what follows `postern` on the line, the last one perhaps empty). Empty
 * where a file is wanted or nothing is known: shells offer files then.
 */
export async function suggest(
  words: readonly string[],
  names: LiveNames,
  load: LoadCommand,
): Promise<Suggestion[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  const all = await candidates(before, current, names, load);
  return all.filter(({ value }) => value.startsWith(current));
}

async function candidates(
  before: readonly string[],
  current: string,
  names: LiveNames,
  load: LoadCommand,
): Promise<Suggestion[]> {
  if (before.length === 0) return firstWords();
  const [noun = ''] = before;
  const found = await findCommand(before).catch(() => undefined);
  if (found === undefined) return before.length === 1 ? verbsFor(noun) : [];
  const page = await describeCommand(found.id, load);
  const flags = page.flags;
  const previous = before.at(-1) ?? '';
  const waiting = flags.find((flag) => flag.value !== undefined && isFlag(flag, previous));
  if (waiting !== undefined) return valuesOf(waiting, current, before, names);
  const [, name, typed] = /^--([^=]+)=(.*)$/s.exec(current) ?? [];
  const inline = flags.find((flag) => flag.value !== undefined && flag.name === name);
  if (inline !== undefined) {
    const values = await valuesOf(inline, typed ?? '', before, names);
    return values.map(({ value, about }) => ({ value: `--${inline.name}=${value}`, about }));
  }
  if (current.startsWith('-')) return flags.flatMap(flagWords);
  return [...(before.length === 1 ? verbsFor(noun) : []), ...(await argumentsOf())];

  async function argumentsOf(): Promise<Suggestion[]> {
    const place = positionals(found?.rest ?? [], flags);
    const argument = page.args[place];
    if (argument === undefined) return [];
    if (argument.options.length > 0) return argument.options.map((value) => ({ value, about: '' }));
    const kind = argument.name === 'NAME' ? kindOfNoun(page) : undefined;
    return kind === undefined ? [] : plain(await names(kind, before));
  }
}

function firstWords(): Suggestion[] {
  const lone = Object.entries(COMMANDS)
    .filter(([id, { hidden }]) => !id.includes(':') && hidden !== true)
    .map(([value, { summary }]) => ({ value, about: summary }));
  const nouns = Object.entries(NOUNS).map(([value, about]) => ({ value, about }));
  return [...nouns, ...lone].filter(
    ({ value }, index, all) => all.findIndex((other) => other.value === value) === index,
  );
}

function verbsFor(noun: string): Suggestion[] {
  const singular = noun.endsWith('s') && verbsOf(noun).length === 0 ? noun.slice(0, -1) : noun;
  return verbsOf(singular).map((verb) => ({
    value: verb,
    about: COMMANDS[`${singular}:${verb}`]?.summary ?? '',
  }));
}

function flagWords(flag: FlagHelp): Suggestion[] {
  const { name, description: about, allowNo } = flag;
  return [{ value: `--${name}`, about }, ...(allowNo ? [{ value: `--no-${name}`, about }] : [])];
}

function isFlag({ name, char }: FlagHelp, word: string): boolean {
  return word === `--${name}` || (char !== undefined && word === `-${char}`);
}

async function valuesOf(
  flag: FlagHelp,
  typed: string,
  before: readonly string[],
  names: LiveNames,
): Promise<Suggestion[]> {
  if (flag.options.length > 0) return flag.options.map((value) => ({ value, about: '' }));
  if (flag.name === 'context') return plain(await names('context', before));
  if (flag.name === 'hostname') return plain(await names('hostname', before));
  if (/(^|-)(ca|certificate|secret)(-secret)?$/.test(flag.name) && flag.value === 'NAME') {
    return plain(await names('secret', before));
  }
  const prefix = /^\/.*=/.exec(typed)?.[0];
  if (flag.name !== 'path' || prefix === undefined) return [];
  return (await names('service', before)).map((name) => ({ value: prefix + name, about: '' }));
}

/** How many arguments stand among words behind a command: flags and their values do not count. */
function positionals(words: readonly string[], flags: readonly FlagHelp[]): number {
  return words.filter((word, index) => {
    const previous = words[index - 1];
    const isValue =
      previous !== undefined && flags.some((flag) => flag.value !== undefined && isFlag(flag, previous));
    return !word.startsWith('-') && !isValue;
  }).length;
}

function kindOfNoun({ words }: CommandPage): NameKind | undefined {
  const [noun, verb] = words.split(' ');
  // What is created has no name yet; a secret's values may be replaced by the same command.
  if (verb === 'add' || (verb === 'create' && noun !== 'secret')) return undefined;
  return (['route', 'secret', 'service', 'hostname', 'token', 'context'] as const).find(
    (kind) => kind === noun,
  );
}

function plain(values: readonly string[]): Suggestion[] {
  return values.map((value) => ({ value, about: '' }));
}
