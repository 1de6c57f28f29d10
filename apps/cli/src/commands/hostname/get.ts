import { PosternCommand } from '../../base-command.ts';
import { hostArg } from '../cert/host-arg.ts';

export class HostnameGet extends PosternCommand {
  static override summary =
    'Show a hostname: whether it is verified, the DNS records to make and those found';
  static readonly exits = { 0: 'shown', 5: 'the project has no such hostname' };
  static readonly related = ['hostname:check', 'route:get'];
  static override examples = ['postern hostname get shop.example.org'];
  static override args = {
    name: hostArg({ description: 'the name, like shop.example.org or *.example.org', required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostnameGet);
    const { client, project } = await this.connect(flags);
    const hostname = await client.hostnames.get(project, args.name);
    const { describeHostname } = await import('../../hostname/describe-hostname.ts');
    await this.show(flags, {
      data: hostname,
      names: [hostname.name],
      text: (layout) => describeHostname(hostname, layout),
    });
  }
}
