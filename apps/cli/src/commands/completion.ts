import * as Args from '@oclif/core/args';
import { Command } from '@oclif/core/command';
import { SHELLS, type Shell } from '../completion/shell-scripts.ts';
import { LOCAL_COMMAND_EXITS } from '../help/exit-meanings.ts';

export class Completion extends Command {
  static override summary = 'Print the completion script of a shell';
  static override description =
    'The script completes commands, flags and their values, and the names of routes, secrets and services as they are now. Load it in the start file of the shell.';
  static readonly exits = LOCAL_COMMAND_EXITS;
  static readonly related = ['man', 'route list'];
  static override examples = [
    'source <(postern completion bash)',
    'postern completion zsh > ~/.zsh/completions/_postern',
    'postern completion fish > ~/.config/fish/completions/postern.fish',
  ];
  static override args = {
    shell: Args.string({
      description: 'the shell',
      required: true,
      options: [...SHELLS],
      ignoreStdin: true,
    }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    const { completionScript } = await import('../completion/shell-scripts.ts');
    process.stdout.write(completionScript(args.shell as Shell));
  }
}
