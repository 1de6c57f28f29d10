import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import * as Flags from '@oclif/core/flags';
import packageJson from '../../package.json' with { type: 'json' };
import type { LoadCommand } from '../command-list.ts';
import { LOCAL_COMMAND_EXITS } from '../help/exit-meanings.ts';

export class Man extends Command {
  /** Set by the map of commands, which this file cannot import: the map imports it. */
  declare static loadCommand: LoadCommand;
  static override summary = 'Print a manual page, or write all of them';
  static override description =
    'Made from the same texts as --help. Without words it is the page of the program itself.';
  static readonly exits = LOCAL_COMMAND_EXITS;
  static readonly related = ['completion'];
  static override strict = false;
  static override examples = [
    'postern man route create | man -l -',
    'postern man --all ~/.local/share/man/man1',
  ];
  static override args = {
    words: Args.string({ description: 'a command, like: route create', ignoreStdin: true }),
  };
  static override flags = {
    all: Flags.string({ description: 'write every page into this folder', helpValue: 'DIRECTORY' }),
  };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Man);
    const { describeCommand } = await import('../help/command-page.ts');
    const man = await import('../help/render-man.ts');
    const { version } = packageJson;
    if (flags.all !== undefined) {
      mkdirSync(flags.all, { recursive: true });
      const pages = await man.renderAllPages(Man.loadCommand, version);
      for (const [name, text] of pages) writeFileSync(join(flags.all, name), text);
      process.stderr.write(`${pages.size} pages are in ${flags.all}\n`);
      return;
    }
    const words = argv.map(String);
    if (words.length === 0) {
      process.stdout.write(man.renderProgramPage(version));
      return;
    }
    const { findCommand } = await import('../find-command.ts');
    const { id } = await findCommand(words);
    process.stdout.write(man.renderManPage(await describeCommand(id, Man.loadCommand), version));
  }
}
