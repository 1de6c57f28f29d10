import { PosternCommand } from '../../base-command.ts';
import { contextArg } from './context-arg.ts';

export class ContextDelete extends PosternCommand {
  static override summary = 'Delete a context from your configuration';
  static override description =
    'Asks first. Calls no API: the token stays valid until `postern token revoke`. After the current one is deleted, none is current.';
  static readonly exits = {
    0: 'deleted',
    1: 'not confirmed',
    2: 'nobody to ask and no --yes',
    5: 'there is no such context',
  };
  static readonly related = ['context:list', 'token:revoke'];
  static override examples = ['postern context delete prod --yes'];
  static override args = { name: contextArg()({ required: true }) };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContextDelete);
    this.quietFor(flags);
    const { readConfigFile } = await import('../../config/config-file.ts');
    const { changeConfigFile } = await import('../../config/change-config-file.ts');
    const { unknownContext } = await import('../../config/unknown-context.ts');
    const file = this.env.configFile;
    const config = await readConfigFile(file);
    const context = config.contexts.find(({ name }) => name === args.name);
    if (context === undefined) throw unknownContext(args.name, config, file, undefined, 'not_found');
    await this.confirm(`Delete the context "${args.name}" (${context.url})?`, flags);
    let wasCurrent = false;
    await changeConfigFile(file, ({ current, contexts }) => {
      wasCurrent = current === args.name;
      return {
        ...(current === undefined || wasCurrent ? {} : { current }),
        contexts: contexts.filter(({ name }) => name !== args.name),
      };
    });
    await this.show(flags, {
      data: { deleted: args.name },
      names: [args.name],
      text: () => `Context ${args.name} deleted\n`,
    });
    if (wasCurrent) this.say('no context is current now: postern context use NAME chooses one');
  }
}
