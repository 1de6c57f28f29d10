import type { RouteUpdate } from '@postern/client';
import { PosternCommand } from '../../base-command.ts';
import { hostArg } from '../cert/host-arg.ts';
import { nameArg } from '../name-arg.ts';
import { WAIT_FLAGS } from '../write-flags.ts';

export class ServiceUnexpose extends PosternCommand {
  static override summary = 'Take a service from a host';
  static override description =
    'Asks first. Removes the paths of the host that lead to the service, and the route where none is left.';
  static readonly exits = {
    0: 'taken from it',
    1: 'not confirmed',
    2: 'nobody to ask and no --yes',
    5: 'the service is not exposed there',
  };
  static readonly related = ['service:expose', 'route:delete'];
  static override examples = ['postern service unexpose cart shop.example.org --yes'];
  static override args = {
    name: nameArg('service')({ required: true }),
    host: hostArg({ description: 'host that it is exposed at', required: true }),
  };
  static override flags = { ...WAIT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ServiceUnexpose);
    const { client, project } = await this.connect(flags);
    const { findExposure } = await import('../../service/expose-service.ts');
    const { route, left } = await findExposure(client, project, args.name, args.host);
    const what = left === null ? `Delete the route "${route.name}"` : 'Remove its paths';
    await this.confirm(`${what}, so that ${args.host} leads to service "${args.name}" no more?`, flags);
    const ifVersion = route.version;
    const written =
      left === null
        ? await client.routes.delete(project, route.name, { ifVersion })
        : await client.routes.update(
            project,
            route.name,
            { spec: left as RouteUpdate['spec'] },
            { ifVersion },
          );
    await this.show(flags, {
      data: { service: args.name, host: args.host, routeDeleted: left === null },
      names: [args.name],
      text: () =>
        `Service ${args.name} is not exposed at ${args.host} any more${left === null ? `; route ${route.name} deleted` : ''}\n`,
    });
    await this.waitForEdge(client, written, flags);
  }
}
