import type { RouteDescriptor } from '@postern/contracts';
import { eq, sql } from 'drizzle-orm';
import { secretsOfRoute, servicesOfRoute } from './host-rows.ts';
import type { StoreDatabase } from './open-database.ts';
import { prepareOnce } from './prepare-once.ts';
import { routeSecrets, routeServices } from './schema.ts';

/** Says which services and secrets a route names now; most writes change nothing of it, and then nothing is written. */
export function writeReferences(
  db: StoreDatabase,
  {
    id: routeId,
    project,
    spec,
  }: { readonly id: string; readonly project: string; readonly spec: RouteDescriptor },
): void {
  const present = new Set(
    servicesNamedBy(db)
      .all({ routeId })
      .map(({ service }) => service),
  );
  const services = servicesOfRoute(spec);
  if (!isSetOf(present, services)) {
    db.delete(routeServices).where(eq(routeServices.routeId, routeId)).run();
    for (const service of services) db.insert(routeServices).values({ project, routeId, service }).run();
  }
  const presentSecrets = new Set(
    secretsNamedBy(db)
      .all({ routeId })
      .map(({ secret }) => secret),
  );
  const secrets = secretsOfRoute(spec);
  if (!isSetOf(presentSecrets, secrets)) {
    db.delete(routeSecrets).where(eq(routeSecrets.routeId, routeId)).run();
    for (const secret of secrets) db.insert(routeSecrets).values({ project, routeId, secret }).run();
  }
}

/** `names`: each once. */
function isSetOf(known: ReadonlySet<string>, names: readonly string[]): boolean {
  return known.size === names.length && names.every((name) => known.has(name));
}

const servicesNamedBy = prepareOnce((db) =>
  db
    .select({ service: routeServices.service })
    .from(routeServices)
    .where(eq(routeServices.routeId, sql.placeholder('routeId')))
    .prepare(),
);

const secretsNamedBy = prepareOnce((db) =>
  db
    .select({ secret: routeSecrets.secret })
    .from(routeSecrets)
    .where(eq(routeSecrets.routeId, sql.placeholder('routeId')))
    .prepare(),
);
