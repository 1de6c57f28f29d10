import * as Errors from '@oclif/core/errors';
import { nearest } from '@postern/contracts';
import { CliFailure, usageFailure } from '../cli-failure.ts';
import { flagElsewhere, valueElsewhere } from './words-elsewhere.ts';

/** What oclif's parser throws, seen from outside: its classes are not all exported. */
interface ParserError {
  readonly flags?: unknown;
  readonly args?: unknown;
  readonly parse?: { readonly input?: { readonly flags?: Readonly<Record<string, unknown>> } };
}

/** Turns oclif's complaints about the command line of `words` into usage failures; anything else stays as it is. */
export function explainParseError(error: unknown, words = ''): unknown {
  const usage = `postern ${`${words} --help`.trim()} shows the usage`;
  if (!(error instanceof Error)) return error;
  if (error instanceof CliFailure) {
    // oclif writes the flag and a pointer to --help around what a flag's reader throws.
    const inner = /^Parsing --\S+ \n\t([\s\S]*)\nSee more help with --help$/.exec(error.message);
    return inner?.[1] === undefined ? error : usageFailure(inner[1], error.hint);
  }
  if (!(error instanceof Errors.CLIError)) return error;
  const { flags, args, parse } = error as ParserError;
  const known = ['help', ...Object.keys(parse?.input?.flags ?? {})].map((name) => `--${name}`);
  if (Array.isArray(flags)) {
    const first = String(flags[0]).split('=', 1)[0] ?? '';
    const elsewhere = flagElsewhere(first, words);
    if (elsewhere !== undefined) {
      const why = elsewhere.why === undefined ? '' : `: ${elsewhere.why}`;
      return usageFailure(`there is no flag ${first}${why}`, elsewhere.hint);
    }
    const near = known.find((name) => name.startsWith(first)) ?? nearest(first, known);
    return usageFailure(
      `there is no flag ${flags.map(String).join(', ')}`,
      near === undefined ? usage : `did you mean ${near}?`,
    );
  }
  if (Array.isArray(args)) {
    const names = args.map((arg) => (typeof arg === 'string' ? `"${arg}"` : nameOfArgument(arg)));
    return error.message.startsWith('Unexpected')
      ? usageFailure(`too many words: ${names.join(', ')}`, usage)
      : usageFailure(`missing: ${names.join(', ')}`, usage);
  }
  const message = error.message.replace(/\nSee more help with --help$/, '').replaceAll(/\s*\n\s*/g, ' ');
  return explainMessage(message.replace(/^The following errors? occurred: /, ''), words, usage);
}

/** oclif's own sentences, the ones that a person meets, in ours. */
function explainMessage(message: string, command: string, usage: string): CliFailure {
  const missing = [...message.matchAll(/Missing required flag (\S+)/g)].map(([, name]) => `--${name}`);
  if (missing.length > 0) return usageFailure(`missing: ${missing.join(', ')}`, usage);
  const [, flag, complaint = ''] = /^Parsing (--\S+) (.*)$/.exec(message) ?? [];
  if (flag !== undefined) {
    return usageFailure(`${flag}: ${complaint.charAt(0).toLowerCase()}${complaint.slice(1)}`, usage);
  }
  const [, given = '', words] = /^Expected (.*) to be one of: (.*)$/.exec(message) ?? [];
  if (words === undefined) return usageFailure(message, usage);
  const elsewhere = valueElsewhere(given, command);
  if (elsewhere !== undefined) return usageFailure(elsewhere.message, elsewhere.hint);
  const near = nearest(given.replace(/^--[^=]*=/, ''), words.split(', '));
  return usageFailure(
    `expected one of ${words}, not ${given}`,
    near === undefined ? usage : `did you mean ${near}?`,
  );
}

function nameOfArgument(arg: unknown): string {
  const name = typeof arg === 'object' && arg !== null && 'name' in arg ? arg.name : undefined;
  return String(name).toUpperCase();
}
