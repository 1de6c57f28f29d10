import { PosternCommand } from '../../base-command.ts';
import { WATCH_FLAG } from '../watch-flag.ts';

export class ServiceList extends PosternCommand {
  static override summary = 'List the services of the project';
  static readonly exits = { 0: 'listed', 5: 'there is no such project' };
  static override examples = [
    'postern service list',
    'postern services list --json',
    'postern service list --watch',
  ];
  static override flags = { ...WATCH_FLAG };

  async run(): Promise<void> {
    const { flags } = await this.parse(ServiceList);
    const { client, project } = await this.connect(flags);
    const { SERVICE_TABLE } = await import('../../service/describe-service.ts');
    if (flags.watch) return this.follow(flags, client.watch('service', project), SERVICE_TABLE);
    const services = await client.services.list(project);
    const { formatTable } = await import('../../output/format-table.ts');
    await this.show(flags, {
      data: services,
      names: services.map(({ name }) => name),
      text: (layout) => formatTable(SERVICE_TABLE.header, services.map(SERVICE_TABLE.row), layout),
    });
  }
}
