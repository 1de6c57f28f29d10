import { PosternCommand } from '../../base-command.ts';

export class ServiceList extends PosternCommand {
  static override summary = 'List the services of the project';
  static override examples = ['postern service list', 'postern service list --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(ServiceList);
    const { client, project } = await this.connect(flags);
    const services = await client.services.list(project);
    const { urlOfTarget } = await import('@postern/contracts');
    const { formatTable } = await import('../../output/format-table.ts');
    const { healthText } = await import('../../service/describe-service.ts');
    const rows = services.map((service) => [
      service.name,
      service.spec.targets.map(urlOfTarget).join(','),
      healthText(service),
      service.usedBy.join(','),
    ]);
    await this.show(flags, {
      data: services,
      names: services.map(({ name }) => name),
      text: (layout) => formatTable(['NAME', 'TARGETS', 'HEALTHY', 'USED BY'], rows, layout),
    });
  }
}
