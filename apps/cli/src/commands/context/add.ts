import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { CliFailure } from '../../cli-failure.ts';
import { shellWord } from '../../output/command-line.ts';
import { newContextArg } from './context-arg.ts';
import {
  isOpenToReaders,
  parseProject,
  parseUrl,
  readCredential,
  TOKEN_FILE_FLAG,
} from './credential-flags.ts';

export class ContextAdd extends PosternCommand {
  static override summary = 'Add a context: the address of an API and a token for it';
  static override description =
    `Calls no API. The first context becomes the current one, others with --use. The token is kept in your configuration
(mode 0600), or only the path of its file; it is never taken from the command line, which other users can see.`;
  static override readonly makesConfig = true;
  static readonly exits = { 0: 'added', 6: 'a context of this name is there' };
  static readonly related = ['context:use', 'context:set', 'context:show', 'token:create'];
  static override examples = [
    'postern context add prod --url https://postern.example.org --token-stdin < token',
    'postern context add ci --url http://127.0.0.1:8700 --token-file /run/secrets/postern --project shop',
  ];
  static override args = { name: newContextArg('name of the new context')({ required: true }) };
  static override flags = {
    url: Flags.string({ description: 'address of the API', helpValue: 'URL', required: true }),
    ...TOKEN_FILE_FLAG,
    use: Flags.boolean({ description: 'make it the current context', default: false }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContextAdd);
    this.quietFor(flags);
    const { changeConfigFile } = await import('../../config/change-config-file.ts');
    const file = this.env.configFile;
    const url = parseUrl(flags.url);
    const project = flags.project === undefined ? undefined : parseProject(flags.project);
    const credential = await readCredential(flags);
    let becomes = flags.use;
    await changeConfigFile(file, (config) => {
      if (config.contexts.some(({ name }) => name === args.name)) {
        throw new CliFailure('conflict', `there is a context "${args.name}" in ${file} already`, {
          hint: `postern context set ${args.name} changes it`,
        });
      }
      becomes ||= !config.contexts.some(({ name }) => name === config.current);
      return {
        ...config,
        ...(becomes ? { current: args.name } : {}),
        contexts: [
          ...config.contexts,
          { name: args.name, url, ...credential, ...(project === undefined ? {} : { project }) },
        ],
      };
    });
    await this.show(flags, {
      data: { name: args.name, url, project: project ?? null, current: becomes },
      names: [args.name],
      text: () => `Context ${args.name} added${becomes ? '; it is the current one' : ''}\n`,
    });
    if (credential === undefined) {
      const where = flags.config === undefined ? '' : ` --config ${shellWord(flags.config)}`;
      this.say(`it has no token: postern context set ${args.name} --token-stdin${where}`);
    }
    if (isOpenToReaders(url))
      this.say(`warning: ${url} is not encrypted: tokens sent there can be read on the way`);
  }
}
