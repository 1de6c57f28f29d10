import { PosternCommand } from '../../base-command.ts';
import { hostArg } from '../cert/host-arg.ts';

export class HostnameAdd extends PosternCommand {
  static override summary = 'Give the project a hostname, which stays until it is removed';
  static override description =
    'A hostname belongs to one project. A route takes its host by itself, and gives it up when it goes; a hostname that is added stays. Without a name one is generated. Where hostnames are verified it prints the DNS records of which one is to be made.';
  static readonly exits = {
    0: 'added, or the project has it already',
    3: 'the name cannot be a host',
    6: 'another project has it',
  };
  static readonly related = ['hostname:check', 'hostname:remove', 'route:create'];
  static override examples = ['postern hostname add', 'postern hostname add shop.example.org'];
  static override args = {
    name: hostArg({ description: 'the name, like shop.example.org or *.example.org; none: a generated one' }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostnameAdd);
    const { client, project } = await this.connect(flags);
    const hostname = await client.hostnames.add(project, args.name);
    const { describeHostname, isServed } = await import('../../hostname/describe-hostname.ts');
    await this.show(flags, {
      data: hostname,
      names: [hostname.name],
      text: (layout) =>
        isServed(hostname)
          ? `Hostname ${hostname.name} added\n`
          : `Hostname ${hostname.name} added; it is served once it is verified\n\n${describeHostname(hostname, layout)}`,
    });
  }
}
