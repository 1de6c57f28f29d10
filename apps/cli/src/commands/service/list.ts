import { PosternCommand } from '../../base-command.ts';

export class ServiceList extends PosternCommand {
  static override summary = 'List the services of the project';
  static override examples = ['postern service list', 'postern service list --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(ServiceList);
    const { client, project } = await this.connect(flags);
    const services = await client.services.list(project);
    const { formatTable } = await import('../../output/format-table.ts');
    const rows = services.map((service) => [
      service.name,
      service.spec.targets.join(','),
      service.usedBy.join(','),
    ]);
    await this.show(flags, {
      data: services,
      names: services.map(({ name }) => name),
      text: (layout) => formatTable(['NAME', 'TARGETS', 'USED BY'], rows, layout),
    });
  }
}
