import { PosternCommand } from '../../base-command.ts';
import { CliFailure } from '../../cli-failure.ts';
import { contextArg, newContextArg } from './context-arg.ts';

export class ContextRename extends PosternCommand {
  static override summary = 'Give a context another name';
  static override description = 'Calls no API. It stays the current one where it was.';
  static readonly exits = { 0: 'renamed', 5: 'there is no such context', 6: 'the new name is taken' };
  static readonly related = ['context:list'];
  static override examples = ['postern context rename prod prod-eu'];
  static override args = {
    name: contextArg()({ required: true }),
    newName: newContextArg('its new name')({ required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContextRename);
    this.quietFor(flags);
    const { changeConfigFile } = await import('../../config/change-config-file.ts');
    const { unknownContext } = await import('../../config/unknown-context.ts');
    const { name: oldName, newName } = args;
    const file = this.env.configFile;
    await changeConfigFile(file, (config) => {
      if (!config.contexts.some(({ name }) => name === oldName))
        throw unknownContext(oldName, config, file, undefined, 'not_found');
      if (config.contexts.some(({ name }) => name === newName))
        throw new CliFailure('conflict', `there is a context "${newName}" in ${file} already`);
      return {
        ...config,
        ...(config.current === oldName ? { current: newName } : {}),
        contexts: config.contexts.map((context) =>
          context.name === oldName ? { ...context, name: newName } : context,
        ),
      };
    });
    await this.show(flags, {
      data: { name: newName, formerName: oldName },
      names: [newName],
      text: () => `Context ${oldName} is now ${newName}\n`,
    });
  }
}
