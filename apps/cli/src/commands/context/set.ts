import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { usageFailure } from '../../cli-failure.ts';
import type { Context } from '../../config/config-schema.ts';
import { contextArg } from './context-arg.ts';
import {
  isOpenToReaders,
  parseProject,
  parseUrl,
  readCredential,
  TOKEN_FILE_FLAG,
} from './credential-flags.ts';

export class ContextSet extends PosternCommand {
  static override summary = 'Change a context: its project, address or token';
  static override description =
    `Without NAME the context that holds here is changed. What no flag names stays, but a token stays only with its
address: with another --url a token must be given as well. --no-project takes the project away. Calls no API.`;
  static readonly exits = { 0: 'changed', 5: 'there is no such context' };
  static readonly related = ['context:show', 'context:add'];
  static override examples = [
    'postern context set --project shop',
    'postern context set prod --token-stdin < token',
    'postern context set prod --url https://new.example.org --token-file /run/secrets/postern',
  ];
  static override args = { name: contextArg()({ required: false }) };
  static override flags = {
    url: Flags.string({ description: 'address of the API', helpValue: 'URL' }),
    ...TOKEN_FILE_FLAG,
    'no-project': Flags.boolean({ description: 'name no project', default: false, exclusive: ['project'] }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContextSet);
    this.quietFor(flags);
    const given = flags.url ?? flags['token-file'] ?? flags.project;
    if (given === undefined && !flags['token-stdin'] && !flags['no-project']) {
      throw usageFailure(
        'nothing to change',
        'give --project, --no-project, --url, --token-stdin or --token-file',
      );
    }
    const { changeConfigFile } = await import('../../config/change-config-file.ts');
    const { unknownContext } = await import('../../config/unknown-context.ts');
    const file = this.env.configFile;
    const name = args.name ?? (await this.#chosen(flags));
    const credential = await readCredential(flags);
    const { current, contexts } = await changeConfigFile(file, (config) => {
      const former = config.contexts.find((context) => context.name === name);
      if (former === undefined) throw unknownContext(name, config, file, undefined, 'not_found');
      const next = changed(former, credential, flags);
      return {
        ...config,
        contexts: config.contexts.map((context) => (context === former ? next : context)),
      };
    });
    const written = contexts.find((context) => context.name === name);
    const url = written?.url ?? '';
    await this.show(flags, {
      data: { name, url, project: written?.project ?? null, current: current === name },
      names: [name],
      text: () => `Context ${name} changed\n`,
    });
    if (isOpenToReaders(url))
      this.say(`warning: ${url} is not encrypted: tokens sent there can be read on the way`);
  }

  async #chosen(flags: { readonly context?: string | undefined }): Promise<string> {
    const { settleSettings } = await import('../../config/effective-settings.ts');
    const { context } = await settleSettings(this.env, { context: flags.context });
    if (context !== null) return context.value.name;
    throw usageFailure('no context holds here', 'name one: postern context set NAME ...');
  }
}

/** A context as the flags want it. Fails (exit status 2) where its token would go to another address than it is for. */
function changed(
  { token, tokenFile, project, ...rest }: Context,
  credential: Pick<Context, 'token' | 'tokenFile'> | undefined,
  flags: {
    readonly url?: string | undefined;
    readonly project?: string | undefined;
    readonly 'no-project': boolean;
  },
): Context {
  const url = flags.url === undefined ? rest.url : parseUrl(flags.url);
  if (credential === undefined && new URL(url).origin !== new URL(rest.url).origin && (token ?? tokenFile)) {
    throw usageFailure(
      `the token of "${rest.name}" is for ${rest.url} and is not sent elsewhere`,
      'give the token for the new address too: --token-stdin or --token-file FILE',
    );
  }
  return {
    ...rest,
    url,
    ...(credential ?? {
      ...(token === undefined ? {} : { token }),
      ...(tokenFile === undefined ? {} : { tokenFile }),
    }),
    ...projectPart(flags['no-project'] ? undefined : (flags.project ?? project)),
  };
}

function projectPart(project: string | undefined): Pick<Context, 'project'> {
  return project === undefined ? {} : { project: parseProject(project) };
}
