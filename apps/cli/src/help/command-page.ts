import { COMMANDS, type CommandClass, type LoadCommand } from '../command-list.ts';
import { verbsOf } from '../find-command.ts';
import { API_COMMAND_EXITS, type ExitMeanings, SERVER_EXITS } from './exit-meanings.ts';

/** One argument of a command, as help shows it. */
export interface ArgumentHelp {
  readonly name: string;
  readonly required: boolean;
  readonly description: string;
  readonly options: readonly string[];
}

/** One flag of a command, as help shows it. */
export interface FlagHelp {
  readonly name: string;
  readonly char: string | undefined;
  /** Undefined for a switch. */
  readonly value: string | undefined;
  readonly options: readonly string[];
  readonly description: string;
  readonly default: string | undefined;
  readonly allowNo: boolean;
  readonly required: boolean;
  /** True for the flags that every command has. */
  readonly global: boolean;
}

/** Everything that is said about one command: help, manual and completion are made of it. */
export interface CommandPage {
  /** As it is typed, like `route create`. */
  readonly words: string;
  readonly summary: string;
  readonly description: string | undefined;
  readonly usage: string;
  readonly args: readonly ArgumentHelp[];
  readonly flags: readonly FlagHelp[];
  /** Shell lines. */
  readonly examples: readonly string[];
  /** Other commands, as they are typed. */
  readonly related: readonly string[];
  readonly exits: ExitMeanings;
}

/** What our command classes say about themselves beside what oclif knows. */
interface OwnStatics {
  readonly exits?: ExitMeanings;
  readonly related?: readonly string[];
}

/** Describes a command of the list; loads its code. */
export async function describeCommand(id: string, load: LoadCommand): Promise<CommandPage> {
  return pageOf(id, COMMANDS[id]?.summary ?? '', await load(id));
}

async function pageOf(id: string, summary: string, command: CommandClass): Promise<CommandPage> {
  const own = command as CommandClass & OwnStatics;
  const words = id.replaceAll(':', ' ');
  const args = Object.entries(command.args ?? {}).map(
    ([name, arg]): ArgumentHelp => ({
      name: name.toUpperCase(),
      required: arg.required === true,
      description: arg.description ?? '',
      options: arg.options ?? [],
    }),
  );
  const flags = await Promise.all([
    ...Object.entries(command.flags ?? {}).map((entry) => flagOf(entry, false)),
    ...Object.entries(command.baseFlags ?? {}).map((entry) => flagOf(entry, true)),
  ]);
  const usage = [
    `postern ${words}`,
    ...args.map(({ name, required }) => (required ? name : `[${name}]`)),
    ...flags.filter(({ required }) => required).map((flag) => `--${flag.name} ${flag.value ?? ''}`.trim()),
    ...(command.strict === false ? ['...'] : []),
    '[FLAGS]',
  ];
  return {
    words,
    summary,
    description: command.description,
    usage: usage.join(' '),
    args,
    flags,
    examples: (command.examples ?? []).map((example) =>
      (typeof example === 'string' ? example : example.command).replace(/^\$ /, ''),
    ),
    related: (own.related ?? siblingsOf(id)).map((other) => other.replaceAll(':', ' ')),
    exits: { ...(command.handlesSignals === true ? SERVER_EXITS : API_COMMAND_EXITS), ...own.exits },
  };
}

type Flag = NonNullable<CommandClass['flags']>[string];

async function flagOf([name, flag]: [string, Flag], global: boolean): Promise<FlagHelp> {
  const base = {
    name,
    char: flag.char,
    description: flag.description ?? flag.summary ?? '',
    required: flag.required === true,
    global,
  };
  if (flag.type === 'boolean') {
    const { allowNo } = flag;
    return { ...base, value: undefined, options: [], default: undefined, allowNo };
  }
  const options = flag.options ?? [];
  const { helpValue } = flag;
  return {
    ...base,
    value: typeof helpValue === 'string' ? helpValue : options.length > 0 ? options.join('|') : 'VALUE',
    options,
    default: await defaultOf(flag),
    allowNo: false,
  };
}

async function defaultOf(flag: Flag): Promise<string | undefined> {
  const { defaultHelp } = flag as { readonly defaultHelp?: unknown };
  if (typeof defaultHelp === 'function') return String(await defaultHelp());
  return typeof flag.default === 'string' ? flag.default : undefined;
}

function siblingsOf(id: string): string[] {
  const [noun = id] = id.split(':', 1);
  return verbsOf(noun)
    .filter((verb) => `${noun}:${verb}` !== id)
    .map((verb) => `${noun} ${verb}`);
}
