import { usageFailure } from '../../cli-failure.ts';
import type { RouteFlags } from '../../route/apply-route-flags.ts';
import { nameArg } from '../name-arg.ts';
import { parseLabels } from '../write-flags.ts';
import { ROUTE_FLAGS, refuseFlagsBesideFile, routeNameOf } from './route-flags.ts';
import { RouteWriteCommand } from './route-write-command.ts';

export class RouteCreate extends RouteWriteCommand {
  static override summary = 'Publish services under a host';
  static override description =
    `Needs a file, or at least one --path. Without --hostname the route gets a generated host.

Waits until the edge serves the route. When that takes longer than --timeout, a warning says what is missing; the route is written all the same and the exit status is 0.`;
  static readonly exits = {
    0: 'created',
    3: 'the route is refused',
    6: 'the name or the host is taken',
  };
  static override examples = [
    'postern route create my-route --hostname shop.example.org --path /=shop --path /cart=cart',
    "postern route create partners --hostname api.example.org --path /=api --client-ca-secret my-root-ca --client-certificate-subject '*.acme.org'",
    'postern route create my-route -f my-route.yaml',
  ];
  static override args = { name: nameArg('route')() };
  static override flags = { ...ROUTE_FLAGS };

  async run(): Promise<void> {
    const { args, flags } = await this.parse(RouteCreate);
    const { name, spec, labels, file } = await this.#read(args.name, flags);
    const { client, project } = await this.connect(flags);
    const { explainRouteRefusal } = await import('../../route/explain-route-refusal.ts');
    const written = await client.routes.create(project, { name, labels, spec }).catch((error: unknown) => {
      throw explainRouteRefusal(error, name, file);
    });
    const text = `Route ${name} created: ${written.resource.status.url}\n`;
    await this.finishWrite(client, written, text, flags, file);
  }

  async #read(
    argument: string | undefined,
    flags: RouteFlags & {
      readonly filename?: string | undefined;
      readonly label?: readonly string[] | undefined;
    },
  ) {
    const given = parseLabels(flags.label);
    if (flags.filename !== undefined) {
      refuseFlagsBesideFile(flags);
      const { loadRouteFile } = await import('../../descriptor/load-route-file.ts');
      const file = loadRouteFile(flags.filename);
      const name = routeNameOf(argument, file.name, file.source.file);
      const labels = file.labels === null ? given : { ...file.labels, ...given };
      return { name, spec: file.descriptor, labels, file };
    }
    if (argument === undefined)
      throw usageFailure('a name is needed', 'postern route create NAME --path /=SERVICE');
    if (flags.path === undefined) {
      throw usageFailure(
        'a route needs --path /PREFIX=SERVICE, or a file',
        'like --path /=echo, or -f route.yaml',
      );
    }
    const { applyRouteFlags } = await import('../../route/apply-route-flags.ts');
    const { checkRouteDraft } = await import('../../route/check-route-draft.ts');
    const spec = checkRouteDraft(argument, applyRouteFlags(undefined, flags));
    return { name: argument, spec, labels: given, file: null };
  }
}
