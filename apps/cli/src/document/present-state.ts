import type { PosternClient } from '@postern/client';
import type {
  DocumentKind,
  Labels,
  RouteResource,
  SecretResource,
  ServiceResource,
} from '@postern/contracts';

/** What a project holds now, by name. */
export interface PresentState {
  readonly secret: ReadonlyMap<string, SecretResource>;
  readonly service: ReadonlyMap<string, ServiceResource>;
  readonly route: ReadonlyMap<string, RouteResource>;
}

/** What every kind of resource has. */
export type PresentResource = {
  readonly name: string;
  readonly version: number;
  readonly labels: Labels;
};

/** Reads everything a project holds. */
export async function readPresentState(client: PosternClient, project: string): Promise<PresentState> {
  const [secrets, services, routes] = await Promise.all([
    client.secrets.list(project),
    client.services.list(project),
    client.routes.list(project),
  ]);
  return { secret: byName(secrets), service: byName(services), route: byName(routes) };
}

/** The resource of a kind and name; undefined where there is none. */
export function presentOf(
  state: PresentState,
  { kind, name }: { readonly kind: DocumentKind; readonly name: string },
): PresentResource | undefined {
  return state[kind].get(name);
}

function byName<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}
