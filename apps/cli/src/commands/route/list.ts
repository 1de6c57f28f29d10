import { PosternCommand } from '../../base-command.ts';
import { WATCH_FLAG } from '../watch-flag.ts';

export class RouteList extends PosternCommand {
  static override summary = 'List the routes of the project';
  static readonly exits = { 0: 'listed', 5: 'there is no such project' };
  static override examples = [
    'postern route list',
    'postern routes list --json',
    'postern route list -o wide',
    'postern route list --watch',
  ];
  static override flags = { ...WATCH_FLAG };

  async run(): Promise<void> {
    const { flags } = await this.parse(RouteList);
    const { client, project } = await this.connect(flags);
    const { ROUTE_TABLE, WIDE_ROUTE_TABLE } = await import('../../route/route-table.ts');
    if (flags.watch) return this.follow(flags, client.watch('route', project), ROUTE_TABLE);
    const routes = await client.routes.list(project);
    const { formatTable } = await import('../../output/format-table.ts');
    await this.show(flags, {
      data: routes,
      names: routes.map(({ name }) => name),
      text(layout) {
        const { header, row } = layout.wide ? WIDE_ROUTE_TABLE : ROUTE_TABLE;
        return formatTable(header, routes.map(row), layout);
      },
    });
  }
}
