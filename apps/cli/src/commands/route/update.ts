import { clientCaNamesOf } from '@postern/contracts';
import { usageFailure } from '../../cli-failure.ts';
import { retryOnConflict } from '../../retry-on-conflict.ts';
import { nameArg } from '../name-arg.ts';
import { parseLabels } from '../write-flags.ts';
import {
  describingFlags,
  ROUTE_FLAGS,
  ROUTE_REMOVALS,
  refuseFlagsBesideFile,
  routeNameOf,
} from './route-flags.ts';
import { RouteWriteCommand } from './route-write-command.ts';

export class RouteUpdate extends RouteWriteCommand {
  static override summary = 'Change a route; what no flag names stays';
  static override description =
    `Removals happen first, then additions. --path with a prefix that is there leads it to another service. -f replaces the whole descriptor. A change that somebody else made in between is kept: the route is read again once.

Waits until the edge serves the change, at most --timeout; then a warning is printed and the exit status is 0.`;
  static readonly exits = {
    0: 'updated',
    3: 'the route is refused',
    5: 'there is no such route',
    6: 'it changed meanwhile or the host is taken',
  };
  static override examples = [
    'postern route update my-route --client-ca-secret my-root-ca',
    "postern route update my-route --remove-client-certificate-subject --client-certificate-subject '*.acme.org'",
    'postern route update my-route --path /new=shop --remove-path /old',
    'postern route update my-route --path /partners=orders --path-client-ca /partners=partner-ca',
    'postern route update my-route -f my-route.yaml',
  ];
  static override args = { name: nameArg('route')() };
  static override flags = { ...ROUTE_FLAGS, ...ROUTE_REMOVALS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteUpdate);
    const added = parseLabels(flags.label);
    const file =
      flags.filename === undefined
        ? null
        : (await import('../../descriptor/load-route-file.ts')).loadRouteFile(flags.filename);
    if (file !== null) refuseFlagsBesideFile(flags);
    const name = routeNameOf(args.name, file?.name ?? null, file?.source.file ?? 'a file');
    if (file === null && added === undefined && describingFlags(flags).length === 0) {
      throw usageFailure('nothing to change', 'postern route update --help shows the flags');
    }
    const { applyRouteFlags } = await import('../../route/apply-route-flags.ts');
    const { checkRouteUpdate } = await import('../../route/check-route-draft.ts');
    const { explainRouteRefusal } = await import('../../route/explain-route-refusal.ts');
    const { client, project } = await this.connect(flags);
    const written = await retryOnConflict(async () => {
      const present = await client.routes.get(project, name);
      const spec = file?.descriptor ?? checkRouteUpdate(name, applyRouteFlags(present.spec, flags));
      // A bare descriptor says nothing about labels; an envelope with labels says all of them.
      const labels = file?.labels ?? (added === undefined ? undefined : present.labels);
      return client.routes.update(
        project,
        name,
        { labels: labels === undefined ? undefined : { ...labels, ...added }, spec },
        { ifVersion: present.version },
      );
    }).catch((error: unknown) => {
      throw explainRouteRefusal(error, name, file);
    });
    await this.finishWrite(client, written, `Route ${name} updated\n`, flags, file);
    const { spec } = written.resource;
    if (flags['remove-client-ca-secret'] && spec.tls?.clientValidationCa === undefined) {
      this.say(
        clientCaNamesOf(spec).length === 0
          ? `note: ${name} asks for no client certificate any more: every client may connect`
          : `note: paths of ${name} without a client CA of their own demand no certificate any more: every client may use them`,
      );
    }
  }
}
