import { PosternCommand } from '../../base-command.ts';
import { contextArg } from './context-arg.ts';

export class ContextUse extends PosternCommand {
  static override summary = 'Make a context the current one';
  static override description = 'Calls no API. A project file, POSTERN_CONTEXT and --context come before it.';
  static readonly exits = { 0: 'it is the current one', 5: 'there is no such context' };
  static readonly related = ['context:list', 'context:show'];
  static override examples = ['postern context use prod'];
  static override args = { name: contextArg()({ required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContextUse);
    this.quietFor(flags);
    const { changeConfigFile } = await import('../../config/change-config-file.ts');
    const { unknownContext } = await import('../../config/unknown-context.ts');
    const file = this.env.configFile;
    const { contexts } = await changeConfigFile(file, (config) => {
      if (config.contexts.some(({ name }) => name === args.name)) return { ...config, current: args.name };
      throw unknownContext(args.name, config, file, undefined, 'not_found');
    });
    const context = contexts.find(({ name }) => name === args.name);
    await this.show(flags, {
      data: { name: args.name, url: context?.url, project: context?.project ?? null, current: true },
      names: [args.name],
      text: () => `Context ${args.name} is now the current one (${context?.url})\n`,
    });
    const { settleSettings } = await import('../../config/effective-settings.ts');
    const { context: holding } = await settleSettings(this.env, {});
    if (holding !== null && holding.value.name !== args.name)
      this.say(`here "${holding.value.name}" holds all the same: ${holding.from} names it`);
  }
}
