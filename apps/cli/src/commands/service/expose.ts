import * as Flags from '@oclif/core/flags';
import { retryOnConflict } from '../../retry-on-conflict.ts';
import { hostOf } from '../cert/host-arg.ts';
import { nameArg } from '../name-arg.ts';
import { RouteWriteCommand } from '../route/route-write-command.ts';
import { WAIT_FLAGS } from '../write-flags.ts';

export class ServiceExpose extends RouteWriteCommand {
  static override summary = 'Publish a service under a host, in one go';
  static override description =
    'Adds a path to the route of the host, or makes a route of the name of the service. Without --hostname it is where it is exposed already, or gets a generated host. Everything else about the route is for route update.';
  static readonly exits = {
    0: 'exposed, or it was already',
    5: 'there is no such service',
    6: 'the path leads to another service, or the host is taken',
  };
  static readonly related = ['service:unexpose', 'route:update', 'hostname:check'];
  static override examples = [
    'postern service expose cart',
    'postern service expose cart --hostname shop.example.org --uri-prefix /cart --enable-cors',
  ];
  static override args = { name: nameArg('service')({ required: true }) };
  static override flags = {
    hostname: Flags.string({ description: 'host to publish it under', helpValue: 'HOST' }),
    'uri-prefix': Flags.string({
      description: 'paths that lead to it; they go on unchanged',
      helpValue: '/PREFIX',
      default: '/',
    }),
    'enable-cors': Flags.boolean({ description: 'let pages of every origin call it' }),
    ...WAIT_FLAGS,
  };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ServiceExpose);
    const host = flags.hostname === undefined ? undefined : await hostOf(flags.hostname);
    const { client, project } = await this.connect(flags);
    const { exposeService } = await import('../../service/expose-service.ts');
    const prefix = flags['uri-prefix'];
    const { route, written } = await retryOnConflict(() =>
      exposeService(client, project, { service: args.name, host, prefix, cors: flags['enable-cors'] }),
    );
    const text = `Service ${args.name} is exposed at ${route.status.url}${prefix}\n`;
    if (written === null) await this.show(flags, { data: route, names: [route.name], text: () => text });
    else await this.finishWrite(client, written, text, flags);
    const isWaiting = route.status.reason === 'HostnameNotVerified';
    if (isWaiting && (written === null || !flags.wait))
      this.say(
        `note: ${route.spec.host} is served once it is verified: postern hostname check ${route.spec.host}`,
      );
  }
}
