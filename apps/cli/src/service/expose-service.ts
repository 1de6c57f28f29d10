import type { PosternClient, Written } from '@postern/client';
import { PosternError, type RouteResource } from '@postern/contracts';
import { CliFailure } from '../cli-failure.ts';

/** How a service is to be exposed; without a host where it is exposed already, or under a generated one. */
export interface Exposure {
  readonly service: string;
  readonly host?: string | undefined;
  readonly prefix: string;
  /** Let pages of every origin call it. */
  readonly cors: boolean;
}

type Client = Pick<PosternClient, 'routes' | 'services'>;

/** The route that serves it, and the write that made it so; null: it was so before. */
export interface Exposed {
  readonly route: RouteResource;
  readonly written: Written<RouteResource> | null;
}

/**
 * Makes a path of a host lead to a service: a rule is added to the route of the host, or a route of the service's name is made.
 * Fails with `not_found` where there is no such service, `conflict` where the path leads to another one.
 */
export async function exposeService(client: Client, project: string, wanted: Exposure): Promise<Exposed> {
  const { service, host, prefix, cors } = wanted;
  await client.services.get(project, service);
  const routes = await client.routes.list(project);
  const present = routes.find((route) =>
    host === undefined ? leadsTo(route, service, prefix) : route.spec.host === host,
  );
  if (present === undefined) return create(client, project, wanted, routes);
  const { spec } = present;
  const taken = spec.routes.find((rule) => rule.prefix === prefix);
  if (taken !== undefined && taken.route.service !== service) {
    const message = `${prefix} of ${spec.host} leads to service "${taken.route.service}" (route ${present.name})`;
    const hint = 'choose another --uri-prefix or --hostname, or change that route';
    throw new CliFailure('conflict', message, { hint });
  }
  const needsCors = cors && spec.corsPolicy === undefined;
  if (taken !== undefined && !needsCors) return { route: present, written: null };
  const rule = { prefix, route: { service } };
  const written = await client.routes.update(
    project,
    present.name,
    {
      spec: {
        ...spec,
        ...(needsCors ? { corsPolicy: CORS } : {}),
        routes: taken === undefined ? [...spec.routes, rule] : spec.routes,
      },
    } as Parameters<Client['routes']['update']>[2],
    { ifVersion: present.version },
  );
  return { route: written.resource, written };
}

/**
 * Takes from the route of a host all rules that lead to a service. Gives the route as it would be, or null where no rule is left,
 * and the route has to go. Fails with `not_found` where none leads there.
 */
export async function findExposure(
  client: Client,
  project: string,
  service: string,
  host: string,
): Promise<{ readonly route: RouteResource; readonly left: RouteResource['spec'] | null }> {
  const route = (await client.routes.list(project)).find(({ spec }) => spec.host === host);
  const rules = route?.spec.routes.filter((rule) => rule.route.service !== service) ?? [];
  if (route === undefined || rules.length === route.spec.routes.length)
    throw new PosternError('not_found', { detail: `service ${service} is not exposed at ${host}` });
  return { route, left: rules.length === 0 ? null : { ...route.spec, routes: rules } };
}

const CORS = { allowOrigins: ['*'] };

async function create(
  client: Client,
  project: string,
  { service, host, prefix, cors }: Exposure,
  routes: readonly RouteResource[],
): Promise<Exposed> {
  const body = {
    name: freeName(service, routes),
    spec: {
      ...(host === undefined ? {} : { host }),
      ...(cors ? { corsPolicy: CORS } : {}),
      routes: [{ prefix, route: { service } }],
    },
  };
  const written = await client.routes.create(project, body as Parameters<Client['routes']['create']>[1], {
    ifVersion: 0,
  });
  return { route: written.resource, written };
}

function leadsTo({ spec }: RouteResource, service: string, prefix: string): boolean {
  return spec.routes.some((rule) => rule.prefix === prefix && rule.route.service === service);
}

/** The service's name, or the first of NAME-2, NAME-3, ... that no route has. */
function freeName(service: string, routes: readonly RouteResource[]): string {
  const taken = new Set<string>(routes.map(({ name }) => name));
  for (let count = 1; ; count += 1) {
    const end = count === 1 ? '' : `-${count}`;
    const name = `${service.slice(0, 63 - end.length)}${end}`;
    if (!taken.has(name)) return name;
  }
}
