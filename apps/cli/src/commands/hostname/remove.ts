import { PosternCommand } from '../../base-command.ts';
import { hostArg } from '../cert/host-arg.ts';

export class HostnameRemove extends PosternCommand {
  static override summary = 'Give a hostname up, for whoever adds it next';
  static override description =
    'Asks first. Refused while a route serves it. What was issued for it stays with the project.';
  static readonly exits = {
    0: 'removed',
    1: 'not confirmed',
    2: 'nobody to ask and no --yes',
    5: 'the project has no such hostname',
    6: 'a route serves it',
  };
  static readonly related = ['hostname:add', 'route:delete'];
  static override examples = ['postern hostname remove shop.example.org --yes'];
  static override args = {
    name: hostArg({ description: 'the name, like shop.example.org or *.example.org', required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostnameRemove);
    const { client, project } = await this.connect(flags);
    await this.confirm(`Remove the hostname ${args.name} from project "${project}"?`, flags);
    await client.hostnames.remove(project, args.name);
    await this.show(flags, {
      data: { deleted: args.name },
      names: [args.name],
      text: () => `Hostname ${args.name} removed\n`,
    });
  }
}
