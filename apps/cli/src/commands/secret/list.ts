import { PosternCommand } from '../../base-command.ts';

export class SecretList extends PosternCommand {
  static override summary = 'List the secrets of the project';
  static override description = 'Shows names, types and key names; never a value.';
  static override examples = ['postern secret list', 'postern secret list --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(SecretList);
    const { client, project } = await this.connect(flags);
    const secrets = await client.secrets.list(project);
    const { formatTable } = await import('../../output/format-table.ts');
    const rows = secrets.map((secret) => [secret.name, secret.type, secret.details.keys.join(',')]);
    await this.show(flags, {
      data: secrets,
      names: secrets.map(({ name }) => name),
      text: (layout) => formatTable(['NAME', 'TYPE', 'KEYS'], rows, layout),
    });
  }
}
