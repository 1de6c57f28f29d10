import { PosternCommand } from '../../base-command.ts';
import { CliFailure } from '../../cli-failure.ts';
import { hostArg } from '../cert/host-arg.ts';

export class HostnameCheck extends PosternCommand {
  static override summary = 'Have DNS looked at for a hostname now, and say what is missing';
  static override description =
    'The certificate worker looks, at the servers of POSTERN_DNS_SERVERS. Prints the records of which one verifies the hostname, what was found in their place, and the CAA records, which say whose certificates it may have. Without it DNS is looked at every 20 minutes, and more often at first.';
  static readonly exits = {
    0: 'verified, or it needs not be',
    1: 'not verified',
    5: 'the project has no such hostname',
    7: 'no certificate worker has looked in time',
  };
  static readonly related = ['hostname:get', 'cert:get', 'explain'];
  static override examples = ['postern hostname check shop.example.org'];
  static override args = {
    name: hostArg({ description: 'the name, like shop.example.org or *.example.org', required: true }),
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(HostnameCheck);
    const { client, project } = await this.connect(flags);
    const asked = await client.hostnames.check(project, args.name);
    const { waitForCheck } = await import('../../hostname/wait-for-check.ts');
    const progress = await this.progress(`looking for ${args.name} in DNS`);
    const hostname = await waitForCheck(client, project, asked, flags.timeout).finally(() => progress.stop());
    if (hostname === undefined)
      throw new CliFailure('unreachable', `no certificate worker has looked within ${flags.timeout} ms`, {
        hint: 'look whether `postern certificates` or `postern up` runs, and at its log; DNS servers that are silent take some seconds',
      });
    const { describeHostname, isServed } = await import('../../hostname/describe-hostname.ts');
    await this.show(flags, {
      data: hostname,
      names: [hostname.name],
      text: (layout) => describeHostname(hostname, layout),
    });
    if (!isServed(hostname)) process.exitCode = 1;
  }
}
