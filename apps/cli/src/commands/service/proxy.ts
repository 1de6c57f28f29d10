import * as Flags from '@oclif/core/flags';
import { PosternCommand } from '../../base-command.ts';
import { CliFailure, usageFailure } from '../../cli-failure.ts';
import { nameArg } from '../name-arg.ts';

export class ServiceProxy extends PosternCommand {
  static override summary = 'Reach a service at a port of this machine, without a route';
  static override description =
    'Connections go straight from this machine to the targets of the service, in turn, until Ctrl-C: this machine must reach them. They meet no edge, so no route, client certificate or limit counts. TLS is added for https targets, trusting what the service trusts.';
  static readonly exits = {
    0: 'ended by Ctrl-C or SIGTERM',
    1: 'the port is taken, or the service wants a client certificate of its own',
    5: 'there is no such service',
  };
  static readonly related = ['service:expose', 'service:get'];
  static override examples = [
    'postern service proxy cart',
    'postern service proxy cart --listen 127.0.0.1:9000',
  ];
  static override args = { name: nameArg('service')({ required: true }) };
  static override flags = {
    listen: Flags.string({
      description: 'address and port to listen on',
      helpValue: 'HOST:PORT',
      default: '127.0.0.1:8080',
    }),
  };
  static override readonly handlesSignals = true;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ServiceProxy);
    const { parseListenAddresses } = await import('@postern/runtime');
    const [listen, ...more] = parseListenAddresses(flags.listen, '--listen');
    if (listen === undefined || more.length > 0) throw usageFailure('--listen takes one address');
    const { client, project } = await this.connect(flags);
    const { spec } = await client.services.get(project, args.name);
    if (spec.tls?.clientCertificate !== undefined)
      throw new CliFailure(
        'failed',
        `service ${args.name} shows its targets a certificate, whose key stays with Postern`,
        { hint: 'reach it through a route: postern service expose' },
      );
    const ca = spec.tls?.ca;
    const caPem = ca === undefined ? undefined : (await client.secrets.get(project, ca.name)).details.caPem;
    const { parseTargetUrl, urlOfTarget } = await import('@postern/contracts');
    const targets = spec.targets.flatMap((target) => parseTargetUrl(urlOfTarget(target)) ?? []);
    const { startServiceProxy } = await import('../../service/start-service-proxy.ts');
    const { runUntilSignal } = await import('../../platform/run-until-signal.ts');
    process.exitCode = await runUntilSignal('service proxy', async () => {
      const onFailure = (message: string) => this.say(`no target took a connection: ${message}`);
      const proxy = await startServiceProxy({ listen, targets, caPem, onFailure });
      return {
        lines: [`Service ${args.name} is at ${proxy.address}; end with Ctrl-C`],
        close: () => proxy.close(),
      };
    });
  }
}
