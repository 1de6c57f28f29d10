import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { WATCH_FLAG } from '../watch-flag.ts';

export class RouteGet extends PosternCommand {
  static override summary = 'Show a route: where it leads, whom it admits, whether it is served';
  static readonly exits = {
    0: 'shown (whatever its status)',
    5: 'there is no such route',
  };
  static override examples = ['postern route get my-route', 'postern route get my-route --json'];
  static override args = {
    name: nameArg('route')({ required: true }),
  };
  static override flags = { ...WATCH_FLAG };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteGet);
    const { client, project } = await this.connect(flags);
    if (flags.watch) {
      const { ROUTE_TABLE } = await import('../../route/route-table.ts');
      return this.follow(flags, client.watch('route', project, args.name), ROUTE_TABLE);
    }
    const route = await client.routes.get(project, args.name);
    const { describeRoute } = await import('../../route/describe-route.ts');
    await this.show(flags, {
      data: route,
      names: [route.name],
      text: (layout) => describeRoute(route, layout),
    });
    await this.sayFindings(route.findings);
  }
}
