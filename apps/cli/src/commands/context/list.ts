import { PosternCommand } from '../../base-command.ts';
import type { Context } from '../../config/config-schema.ts';

export class ContextList extends PosternCommand {
  static override summary = 'List the contexts of your configuration';
  static override description =
    'Calls no API. The current one is marked; `postern context show` says which one holds here.';
  static readonly exits = { 0: 'done' };
  static readonly related = ['context:show', 'context:use', 'context:add'];
  static override examples = ['postern context list', 'postern context list -o name'];

  async run(): Promise<void> {
    const { flags } = await this.parse(ContextList);
    this.quietFor(flags);
    const { readConfigFile } = await import('../../config/config-file.ts');
    const { formatTable } = await import('../../output/format-table.ts');
    const config = await readConfigFile(this.env.configFile);
    const data = config.contexts.map((context) => ({
      name: context.name,
      url: context.url,
      project: context.project ?? null,
      token: tokenWord(context),
      current: context.name === config.current,
    }));
    const rows = data.map((item) => [
      item.current ? '*' : '',
      item.name,
      item.url,
      item.project ?? 'default',
      item.token,
    ]);
    await this.show(flags, {
      data,
      names: data.map(({ name }) => name),
      text: (layout) => formatTable(['CURRENT', 'NAME', 'URL', 'PROJECT', 'TOKEN'], rows, layout),
    });
  }
}

function tokenWord(context: Context): string {
  if (context.token !== undefined) return 'stored';
  return context.tokenFile === undefined ? 'none' : `file ${context.tokenFile}`;
}
