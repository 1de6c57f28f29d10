import { PosternCommand } from '../../base-command.ts';

export class HostnameList extends PosternCommand {
  static override summary = 'List the hostnames of the project, those of routes too';
  static readonly exits = { 0: 'listed', 5: 'there is no such project' };
  static readonly related = ['hostname:get', 'hostname:add'];
  static override examples = ['postern hostname list', 'postern hostname list -o wide'];

  async run(): Promise<void> {
    const { flags } = await this.parse(HostnameList);
    const { client, project } = await this.connect(flags);
    const hostnames = await client.hostnames.list(project);
    const { formatTable } = await import('../../output/format-table.ts');
    const { HOSTNAME_TABLE, WIDE_HOSTNAME_TABLE } = await import('../../hostname/describe-hostname.ts');
    await this.show(flags, {
      data: hostnames,
      names: hostnames.map(({ name }) => name),
      text(layout) {
        const { header, row } = layout.wide ? WIDE_HOSTNAME_TABLE : HOSTNAME_TABLE;
        return formatTable(header, hostnames.map(row), layout);
      },
    });
  }
}
