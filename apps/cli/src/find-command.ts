import { usageFailure } from './cli-failure.ts';
import { COMMANDS, NOUNS } from './command-list.ts';

/** Verbs as other programs call them; a noun's own verb of the name wins. */
const VERB_ALIASES: Readonly<Record<string, string>> = { ls: 'list', rm: 'delete', show: 'get' };

/** A command by its id in the map, and the words behind it. */
export interface FoundCommand {
  readonly id: string;
  readonly rest: readonly string[];
}

/** Finds the longest run of leading words that is a command. Usage failure that suggests the near one. */
export async function findCommand(argv: readonly string[]): Promise<FoundCommand> {
  const words = normaliseWords(argv);
  const end = words.findIndex((word) => word.startsWith('-'));
  const leading = end === -1 ? words : words.slice(0, end);
  for (let length = leading.length; length > 0; length -= 1) {
    const id = leading.slice(0, length).join(':');
    if (Object.hasOwn(COMMANDS, id)) return { id, rest: words.slice(length) };
  }
  if (leading.length === 0) {
    throw usageFailure(
      `"${words[0] ?? ''}" stands before the command`,
      'write the command first and flags behind it, like: postern route list --json',
    );
  }
  throw await unknownCommand(leading);
}

/** The leading words that name a command or a noun; none for the program itself. Usage failure for unknown words. */
export async function findSubject(argv: readonly string[]): Promise<readonly string[]> {
  const words = normaliseWords(argv.filter((word) => word !== 'help' && !word.startsWith('-')));
  // Only the words of a command or noun are asked about; names and values behind them are not.
  let length = words.length;
  while (length > 0 && !isKnown(words.slice(0, length).join(':'))) length -= 1;
  if (words.length > 0 && length === 0) throw await unknownCommand(words);
  return words.slice(0, length);
}

/** The verbs of a noun, by the map; empty for what is no noun. */
export function verbsOf(noun: string): string[] {
  return Object.entries(COMMANDS)
    .filter(([id, { hidden }]) => id.startsWith(`${noun}:`) && hidden !== true)
    .map(([id]) => id.slice(noun.length + 1));
}

/** Brings plural nouns and other programs' verbs to the words of the map. */
function normaliseWords(argv: readonly string[]): string[] {
  const [noun = '', verb = '', ...rest] = argv;
  const singular = singularOf(noun);
  const target = VERB_ALIASES[verb];
  const known =
    target !== undefined && isCommand(`${singular}:${target}`) && !isCommand(`${singular}:${verb}`);
  const words = [singular, known ? target : verb, ...rest];
  return words.slice(0, argv.length);
}

function singularOf(word: string): string {
  const singular = word.endsWith('s') ? word.slice(0, -1) : word;
  return !isKnown(word) && verbsOf(singular).length > 0 ? singular : word;
}

function isCommand(id: string): boolean {
  return Object.hasOwn(COMMANDS, id);
}

function isKnown(id: string): boolean {
  return Object.keys(COMMANDS).some((other) => other === id || other.startsWith(`${id}:`));
}

async function unknownCommand(words: readonly string[]): Promise<Error> {
  const { nearest } = await import('@postern/contracts');
  const { commandElsewhere } = await import('./output/words-elsewhere.ts');
  const [noun = '', verb] = words;
  const elsewhere = commandElsewhere(noun, verb);
  if (elsewhere !== undefined) {
    return usageFailure(`there is no command "${words.slice(0, 2).join(' ')}"`, elsewhere);
  }
  const verbs = verbsOf(noun);
  if (verbs.length > 0) {
    if (verb === undefined) return usageFailure(`"${noun}" needs a verb`, `one of ${verbs.join(', ')}`);
    const near = nearest(verb, [...verbs, ...Object.keys(VERB_ALIASES)]);
    const hint =
      near === undefined ? `one of ${verbs.join(', ')}` : `did you mean "postern ${noun} ${near}"?`;
    return usageFailure(`there is no command "${noun} ${verb}"`, hint);
  }
  const nouns = Object.entries(COMMANDS)
    .filter(([, { hidden }]) => hidden !== true)
    .map(([id]) => id.split(':', 1)[0] ?? id);
  const turned = verb === undefined ? [] : normaliseWords([verb, noun]);
  if (isCommand(turned.join(':'))) {
    return usageFailure(`there is no command "${noun}"`, `did you mean "postern ${turned.join(' ')}"?`);
  }
  const behind = normaliseWords(words.slice(1));
  const inner = isCommand(behind.slice(0, 2).join(':')) ? behind.slice(0, 2) : behind.slice(0, 1);
  if (isCommand(inner.join(':'))) {
    // Kalix and Akka put some nouns behind another: `project hostname add`, `auth tokens list`.
    return usageFailure(`there is no command "${noun}"`, `did you mean "postern ${inner.join(' ')}"?`);
  }
  const target = VERB_ALIASES[noun] ?? noun;
  const takers = Object.keys(NOUNS).filter((other) => isCommand(`${other}:${target}`));
  if (takers.length > 0) {
    const calls = takers.map((other) => `postern ${other} ${target}`);
    return usageFailure(`there is no command "${noun}"`, `one of ${calls.join(', ')}`);
  }
  const near = nearest(noun, [...new Set([...nouns, ...nouns.map((other) => `${other}s`)])]);
  return usageFailure(
    `there is no command "${noun}"`,
    near === undefined ? 'postern --help lists them' : `did you mean "postern ${near}"?`,
  );
}
