import { PosternCommand } from '../../base-command.ts';

export class RouteList extends PosternCommand {
  static override summary = 'List the routes of the project';
  static override examples = ['postern route list', 'postern routes list --json'];

  async run(): Promise<void> {
    const { flags } = await this.parse(RouteList);
    const { client, project } = await this.connect(flags);
    const routes = await client.routes.list(project);
    const { ROUTE_LIST_HEADER, routeListRow } = await import('../../route/describe-route.ts');
    const { formatTable } = await import('../../output/format-table.ts');
    await this.show(flags, {
      data: routes,
      names: routes.map(({ name }) => name),
      text: (layout) => formatTable(ROUTE_LIST_HEADER, routes.map(routeListRow), layout),
    });
  }
}
