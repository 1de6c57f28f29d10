import { PosternCommand } from '../../base-command.ts';
import type { EffectiveSettings, Setting } from '../../config/effective-settings.ts';

export class ContextShow extends PosternCommand {
  static override summary = 'Show which context, API, token and project hold here, and why';
  static override description =
    `For each value the source: a flag comes before a variable, a variable before the project file (.postern.yaml in this
folder or one above it, up to the repository's), that before your own configuration. The token itself is never shown.
Calls no API.`;
  static readonly exits = { 0: 'done', 2: 'the chosen context does not exist', 3: 'a file is not valid' };
  static readonly related = ['context:list', 'context:use', 'context:set'];
  static override examples = ['postern context show', 'POSTERN_PROJECT=shop postern context show -o json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(ContextShow);
    this.quietFor(flags);
    const { settleSettings } = await import('../../config/effective-settings.ts');
    const { formatTable } = await import('../../output/format-table.ts');
    const settings = await settleSettings(this.env, flags);
    const data = dataOf(settings);
    const rows = Object.entries(data.settings).map(([name, setting]) => [
      name,
      setting?.value ?? 'none',
      setting === null ? '' : setting.source === 'default' ? 'default' : `${setting.source}: ${setting.from}`,
    ]);
    await this.show(flags, {
      data,
      names: settings.context === null ? [] : [settings.context.value.name],
      text: (layout) => {
        const files = [
          ['user file', settings.userFile, ''],
          ['project file', settings.projectFile ?? 'none', ''],
        ];
        return formatTable(['SETTING', 'VALUE', 'FROM'], [...rows, ...files], layout);
      },
    });
  }
}

function dataOf({ context, url, token, project, userFile, projectFile }: EffectiveSettings) {
  return {
    settings: {
      context: context === null ? null : { ...context, value: context.value.name },
      url: url === null ? null : { ...url, value: withoutCredentials(url.value) },
      token: token === null ? null : { value: placeOf(token), source: token.source, from: token.from },
      project,
    },
    userFile,
    projectFile,
  };
}

function placeOf({ value }: NonNullable<EffectiveSettings['token']>): string {
  if (value.kind !== 'context') return 'given';
  return value.context.tokenFile === undefined ? 'stored' : `file ${value.context.tokenFile}`;
}

/** POSTERN_URL is not checked yet and may hold a password. */
function withoutCredentials(url: string): Setting<string>['value'] {
  const parsed = URL.parse(url);
  return parsed === null || (parsed.username === '' && parsed.password === '')
    ? url
    : `${parsed.protocol}//...@${parsed.host}`;
}
