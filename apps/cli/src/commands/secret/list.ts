import { PosternCommand } from '../../base-command.ts';
import { WATCH_FLAG } from '../watch-flag.ts';

export class SecretList extends PosternCommand {
  static override summary = 'List the secrets of the project';
  static override description = 'Shows names, types and key names; never a value.';
  static readonly exits = { 0: 'listed', 5: 'there is no such project' };
  static override examples = [
    'postern secret list',
    'postern secrets list --json',
    'postern secret list --watch',
  ];
  static override flags = { ...WATCH_FLAG };

  async run(): Promise<void> {
    const { flags } = await this.parse(SecretList);
    const { client, project } = await this.connect(flags);
    const { SECRET_TABLE } = await import('../../secret/describe-secret.ts');
    if (flags.watch) return this.follow(flags, client.watch('secret', project), SECRET_TABLE);
    const secrets = await client.secrets.list(project);
    const { formatTable } = await import('../../output/format-table.ts');
    await this.show(flags, {
      data: secrets,
      names: secrets.map(({ name }) => name),
      text: (layout) => formatTable(SECRET_TABLE.header, secrets.map(SECRET_TABLE.row), layout),
    });
  }
}
