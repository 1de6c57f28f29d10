import { Command } from '@oclif/core/command';
import type { LoadCommand } from '../command-list.ts';
import { readCliEnv } from '../env.ts';

/** Milliseconds after which nothing is suggested any more. */
const ENDS_AFTER_MS = 1000;

/** Answers the completion scripts: suggestions for the last word, one a line; silent whatever goes wrong. */
export class Complete extends Command {
  /** Set by the map of commands, which this file cannot import: the map imports it. */
  declare static loadCommand: LoadCommand;
  static override summary = 'Suggest words for a shell';
  static override strict = false;
  static override hidden = true;
  static override examples = ['postern __complete -- route ""'];

  async run(): Promise<void> {
    // What is typed is no command line of this command: it is not parsed.
    this.parsed = true;
    setTimeout(() => process.exit(0), ENDS_AFTER_MS).unref();
    try {
      const { suggest } = await import('../completion/suggest.ts');
      const { liveNamesOf } = await import('../completion/live-names.ts');
      const words = this.argv[0] === '--' ? this.argv.slice(1) : this.argv;
      // PowerShell can only pass an empty word on in quotes.
      const typed = words.map((word) => (word === '""' ? '' : word));
      const found = await suggest(typed, liveNamesOf(readCliEnv()), Complete.loadCommand);
      process.stdout.write(
        found.map(({ value, about }) => `${about === '' ? value : `${value}\t${about}`}\n`).join(''),
      );
    } catch {
      // A shell in the middle of a line is no place for messages.
    }
  }
}
