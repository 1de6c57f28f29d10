import { PosternCommand } from '../../base-command.ts';

/** A URL that leads to a service; null where none does. */
interface Way {
  readonly service: string;
  readonly url: string | null;
  readonly route: string | null;
  readonly status: string | null;
}

export class ServiceConnectivity extends PosternCommand {
  static override summary = 'List where the services of the project can be reached';
  static override description =
    'One row for each path that leads to a service, and one for a service that no route leads to. STATUS is that of the route; how the targets are is in service get.';
  static readonly exits = { 0: 'listed', 5: 'there is no such project' };
  static readonly related = ['service:expose', 'service:get', 'route:list'];
  static override examples = ['postern service connectivity', 'postern services connectivity -o json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(ServiceConnectivity);
    const { client, project } = await this.connect(flags);
    const [services, routes] = await Promise.all([
      client.services.list(project),
      client.routes.list(project),
    ]);
    const found = services.flatMap(({ name }): Way[] => {
      const ways = routes.flatMap(({ name: route, spec, status }) =>
        spec.routes
          .filter((rule) => rule.route.service === name)
          .map(({ prefix }) => ({
            service: name,
            url: `${status.url}${prefix}`,
            route,
            status: status.reason,
          })),
      );
      return ways.length > 0 ? ways : [{ service: name, url: null, route: null, status: null }];
    });
    const { formatTable } = await import('../../output/format-table.ts');
    await this.show(flags, {
      data: found,
      names: [...new Set(found.map(({ service }) => service))],
      text(layout) {
        const rows = found.map(({ service, url, route, status }) => [
          ...[service, url ?? 'none', route ?? '', status ?? ''],
        ]);
        return formatTable(['SERVICE', 'URL', 'ROUTE', 'STATUS'], rows, layout);
      },
    });
  }
}
