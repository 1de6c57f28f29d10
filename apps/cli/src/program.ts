import { fileURLToPath } from 'node:url';
import { type Config, Config as OclifConfig, settings } from '@oclif/core';
import { nearest } from '@postern/contracts';
import packageJson from '../package.json' with { type: 'json' };
import { usageFailure } from './cli-failure.ts';
import { COMMANDS, TOPICS } from './command-map.ts';
import { readCliEnv } from './env.ts';
import { EXIT, type ExitCode, exitCodeOf } from './exit-codes.ts';
import { explainParseError } from './output/explain-parse-error.ts';
import { formatError, formatErrorJson } from './output/report-error.ts';

/** Nouns that may be written in the plural. */
const SINGULAR: Readonly<Record<string, string>> = {
  secrets: 'secret',
  services: 'service',
  routes: 'route',
};

/** Runs one call of the program and gives its exit status; never throws. */
export async function runProgram(argv: readonly string[]): Promise<ExitCode> {
  watchOutput();
  try {
    const words = normaliseNoun(argv);
    const first = words[0];
    if (first === '--version' || first === 'version') {
      process.stdout.write(`postern ${packageJson.version}\n`);
      return EXIT.ok;
    }
    const config = await loadConfig();
    if (first === undefined || wantsHelp(words)) {
      await showHelp(config, words);
      return EXIT.ok;
    }
    const { id, rest } = findCommand(words);
    if (COMMANDS[id]?.handlesSignals !== true) process.once('SIGINT', () => process.exit(EXIT.interrupted));
    await config.runCommand(id, rest);
    return typeof process.exitCode === 'number' ? (process.exitCode as ExitCode) : EXIT.ok;
  } catch (error) {
    const explained = explainParseError(error);
    const json = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined).includes('--json');
    process.stderr.write(json ? formatErrorJson(explained) : formatError(explained, readCliEnv().debug));
    return exitCodeOf(explained);
  }
}

function normaliseNoun(argv: readonly string[]): string[] {
  const at = argv[0] === 'help' ? 1 : 0;
  return argv.map((word, index) => (index === at ? (SINGULAR[word] ?? word) : word));
}

async function loadConfig(): Promise<Config> {
  // The TypeScript is run as it is; oclif must not look for a compiler.
  settings.enableAutoTranspile = false;
  const root = fileURLToPath(new URL('..', import.meta.url));
  return OclifConfig.load({
    root,
    ignoreManifest: true,
    // Else oclif takes POSTERN_DATA_DIR for a folder of plugins.
    userPlugins: false,
    pjson: {
      ...packageJson,
      name: 'postern',
      oclif: {
        bin: 'postern',
        dirname: 'postern',
        description: 'Publish services under hostnames, over TLS, for the clients you name.',
        topicSeparator: ' ',
        commands: { strategy: 'explicit', target: './src/command-map.ts', identifier: 'COMMANDS' },
        topics: TOPICS,
      },
    },
  });
}

function wantsHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  const own = end === -1 ? words : words.slice(0, end);
  return words[0] === 'help' || own.includes('--help') || own.includes('-h');
}

async function showHelp(config: Config, words: readonly string[]): Promise<void> {
  const { Help } = await import('@oclif/core');
  const subject = words.filter((word) => word !== 'help' && !word.startsWith('-'));
  // Only the words of a command or noun are asked about; names and values behind them are not.
  let length = subject.length;
  while (length > 0 && !isKnown(subject.slice(0, length).join(':'))) length -= 1;
  if (subject.length > 0 && length === 0) throw unknownCommand(subject);
  const help = new Help(config, { maxWidth: 100 });
  await help.showHelp(subject.slice(0, length));
}

function isKnown(id: string): boolean {
  return Object.keys(COMMANDS).some((other) => other === id || other.startsWith(`${id}:`));
}

/** The longest run of leading words that is a command. */
function findCommand(words: readonly string[]): { id: string; rest: string[] } {
  const end = words.findIndex((word) => word.startsWith('-'));
  const leading = end === -1 ? words : words.slice(0, end);
  for (let length = leading.length; length > 0; length -= 1) {
    const id = leading.slice(0, length).join(':');
    if (Object.hasOwn(COMMANDS, id)) return { id, rest: words.slice(length) };
  }
  if (leading.length === 0) {
    throw usageFailure(
      `"${words[0] ?? ''}" stands before the command`,
      'write the command first: postern route list --json',
    );
  }
  throw unknownCommand(leading);
}

function unknownCommand(words: readonly string[]): Error {
  const [noun = '', verb] = words;
  const verbs = Object.keys(COMMANDS)
    .filter((id) => id.startsWith(`${noun}:`))
    .map((id) => id.slice(noun.length + 1));
  if (verbs.length > 0) {
    if (verb === undefined) return usageFailure(`"${noun}" needs a verb`, `one of ${verbs.join(', ')}`);
    const near = nearest(verb, verbs);
    const hint =
      near === undefined ? `one of ${verbs.join(', ')}` : `did you mean "postern ${noun} ${near}"?`;
    return usageFailure(`there is no command "${noun} ${verb}"`, hint);
  }
  const nouns = [...new Set(Object.keys(COMMANDS).map((id) => id.split(':', 1)[0] ?? id))];
  const near = nearest(noun, [...nouns, ...Object.keys(SINGULAR)]);
  return usageFailure(
    `there is no command "${noun}"`,
    near === undefined ? 'postern --help lists them' : `did you mean "postern ${near}"?`,
  );
}

/** A reader that went away (`| head`) is no fault of ours; output that is lost otherwise (a full disk) is a failure. */
function watchOutput(): void {
  process.stderr.on('error', () => undefined);
  // First, since oclif throws what it hears.
  process.stdout.prependListener('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') return;
    process.stderr.write(`error: standard output cannot be written: ${error.message}\n`);
    process.exit(EXIT.failed);
  });
}
