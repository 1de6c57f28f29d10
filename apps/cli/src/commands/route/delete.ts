import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { WAIT_FLAGS } from '../write-flags.ts';

export class RouteDelete extends PosternCommand {
  static override summary = 'Delete a route';
  static override description =
    `Asks first. The edge stops serving the host, which is free again afterwards unless hostname add gave it to the project.`;
  static readonly exits = {
    0: 'deleted',
    1: 'not confirmed',
    2: 'nobody to ask and no --yes',
    5: 'there is no such route',
  };
  static override examples = ['postern route delete my-route', 'postern route delete my-route --yes'];
  static override args = {
    name: nameArg('route')({ required: true }),
  };
  static override flags = { ...WAIT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteDelete);
    const { client, project } = await this.connect(flags);
    await this.confirm(`Delete the route "${args.name}" of project "${project}"?`, flags);
    const deleted = await client.routes.delete(project, args.name);
    await this.show(flags, {
      data: { deleted: args.name },
      names: [args.name],
      text: () => `Route ${args.name} deleted\n`,
    });
    await this.waitForEdge(client, deleted, flags);
  }
}
