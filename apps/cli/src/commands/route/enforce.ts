import { nameArg } from '../name-arg.ts';
import { WAIT_FLAGS } from '../write-flags.ts';
import { SINCE_FLAG } from './observe.ts';
import { RouteWriteCommand } from './route-write-command.ts';

export class RouteEnforce extends RouteWriteCommand {
  static override summary = 'Refuse from now on whom an observed route only recorded';
  static override description =
    'Asks first, and names whom that locks out of those seen within --since. Their connections end within 5 s. `mode: observe` and every `observe: true` of a matcher go.';
  static readonly exits = {
    0: 'enforced',
    1: 'not confirmed',
    2: 'nobody to ask and no --yes',
    5: 'there is no such route',
    6: 'the route observes nothing, or it changed meanwhile',
  };
  static readonly related = ['route:observe', 'route:update'];
  static override examples = ['postern route enforce my-route', 'postern route enforce my-route --yes'];
  static override args = { name: nameArg('route')({ required: true }) };
  static override flags = { ...SINCE_FLAG, ...WAIT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteEnforce);
    const { client, project } = await this.connect(flags);
    const { enforcedSpec, questionOfEnforce, readObserved, requireObserved } = await import(
      '../../route/observed-refusals.ts'
    );
    const route = await client.routes.get(project, args.name);
    requireObserved(route);
    const found = await readObserved(client, project, args.name, flags.since);
    await this.confirm(questionOfEnforce(args.name, found), flags);
    const written = await client.routes.update(
      project,
      args.name,
      { spec: enforcedSpec(route) },
      { ifVersion: route.version },
    );
    await this.finishWrite(client, written, `Route ${args.name} is enforced\n`, flags);
  }
}
