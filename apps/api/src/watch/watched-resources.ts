import {
  type LabelRequirement,
  LIMITS,
  PosternError,
  type ResourceKind,
  type ResourceName,
} from '@postern/contracts';
import type { ListQuery } from '@postern/store';
import type { ApiParts } from '../api-parts.ts';
import { routeResourcesOf } from '../route-resource.ts';
import { secretResourceOf } from '../secret-resource.ts';
import { serviceResourceOf } from '../service-resource.ts';

interface WatchQuery {
  readonly kind: ResourceKind;
  readonly name?: ResourceName | undefined;
  readonly labelSelector?: readonly LabelRequirement[] | undefined;
  readonly namePrefix?: string | undefined;
}

/** Any resource, as JSON shows it. */
export interface Seen {
  readonly id: string;
  readonly name: string;
  readonly version: number;
}

/**
 * What a watch sees now, by name in order. Fails with `not_found` for a named resource that is missing, and with
 * `validation_failed` when more than LIMITS.watchedMax are selected.
 */
export async function lookAt(
  parts: ApiParts,
  project: ResourceName,
  query: WatchQuery,
): Promise<readonly Seen[]> {
  if (query.name !== undefined) {
    const target = { project, name: query.name };
    return [await readOne(parts, query.kind, target)];
  }
  const all: Seen[] = [];
  let after: ResourceName | undefined;
  for (;;) {
    const wanted = {
      limit: LIMITS.watchedMax,
      after,
      namePrefix: query.namePrefix,
      labels: query.labelSelector,
    };
    const page = await readPage(parts, query.kind, project, wanted);
    all.push(...page.items);
    if (all.length > LIMITS.watchedMax || (page.next !== null && all.length === LIMITS.watchedMax))
      throw tooMany();
    if (page.next === null) return all;
    after = page.next;
  }
}

async function readOne(
  parts: ApiParts,
  kind: ResourceKind,
  target: { project: ResourceName; name: ResourceName },
): Promise<Seen> {
  switch (kind) {
    case 'secret':
      return secretResourceOf(await parts.store.getSecret(target), parts.now());
    case 'service':
      return serviceResourceOf(parts, await parts.store.getService(target));
    case 'route': {
      const [route] = await routeResourcesOf(parts, [await parts.store.getRoute(target)]);
      if (route === undefined) throw new PosternError('not_found');
      return route;
    }
  }
}

async function readPage(parts: ApiParts, kind: ResourceKind, project: ResourceName, query: ListQuery) {
  switch (kind) {
    case 'secret': {
      const { items, next } = await parts.store.listSecrets(project, query);
      return { items: items.map((record): Seen => secretResourceOf(record, parts.now())), next };
    }
    case 'service': {
      const { items, next } = await parts.store.listServices(project, query);
      return { items: items.map((record): Seen => serviceResourceOf(parts, record)), next };
    }
    case 'route': {
      const { items, next } = await parts.store.listRoutes(project, query);
      return { items: (await routeResourcesOf(parts, items)) satisfies readonly Seen[], next };
    }
  }
}

function tooMany(): PosternError {
  const message = `a watch follows at most ${LIMITS.watchedMax} resources; narrow it with name, namePrefix or labelSelector`;
  return new PosternError('validation_failed', {
    detail: message,
    findings: [{ severity: 'error', code: 'too_many', message, pointer: '' }],
  });
}
