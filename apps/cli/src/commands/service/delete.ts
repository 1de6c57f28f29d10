import { PosternCommand } from '../../base-command.ts';
import { nameArg } from '../name-arg.ts';
import { WAIT_FLAGS } from '../write-flags.ts';

export class ServiceDelete extends PosternCommand {
  static override summary = 'Delete a service';
  static override description =
    `Asks first. A service that a route leads to cannot be deleted: the answer names the routes.`;
  static readonly exits = {
    0: 'deleted',
    1: 'not confirmed',
    2: 'nobody to ask and no --yes',
    5: 'there is no such service',
    6: 'it is in use',
  };
  static override examples = ['postern service delete cart', 'postern service delete cart --yes'];
  static override args = {
    name: nameArg('service')({ required: true }),
  };
  static override flags = { ...WAIT_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ServiceDelete);
    const { client, project } = await this.connect(flags);
    await this.confirm(`Delete the service "${args.name}" of project "${project}"?`, flags);
    const deleted = await client.services.delete(project, args.name);
    await this.show(flags, {
      data: { deleted: args.name },
      names: [args.name],
      text: () => `Service ${args.name} deleted\n`,
    });
    await this.waitForEdge(client, deleted, flags);
  }
}
