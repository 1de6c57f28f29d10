import { and, eq, sql } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';
import { routeSecrets, routeServices, routes, serviceSecrets, services } from './schema.ts';

/** Users named of one row: a CA of 100,000 routes would cost every read of it 350 ms, and nobody reads that list. */
const USERS_MAX = 1_000;

/** Users named of each row of a list: with more, a page of 1,000 rows would cost seconds. */
export const USERS_IN_LISTS_MAX = 20;

/** Names of the routes that lead to a service, like `route/my-route`, sorted; at most `max` of them. */
export function usersOfService(
  db: StoreDatabase,
  project: string,
  service: string,
  max = USERS_MAX,
): string[] {
  const rows = statementsOf(db).routesOfService.all({ project, name: service, max });
  return rows.map((row) => `route/${row.name}`).sort();
}

/** Names of what names a secret itself, like `route/my-route` and `service/cart`, sorted; at most `max` of them. */
export function usersOfSecret(db: StoreDatabase, project: string, secret: string, max = USERS_MAX): string[] {
  const wanted = { project, name: secret, max };
  const { routesOfSecret, servicesOfSecret } = statementsOf(db);
  return [
    ...routesOfSecret.all(wanted).map((row) => `route/${row.name}`),
    ...servicesOfSecret.all(wanted).map((row) => `service/${row.name}`),
  ]
    .sort()
    .slice(0, max);
}

const prepared = new WeakMap<StoreDatabase, ReturnType<typeof prepareStatements>>();

/** Prepared once for each database: a page of a list asks a thousand times, and preparing costs ten times the answer. */
function statementsOf(db: StoreDatabase): ReturnType<typeof prepareStatements> {
  const known = prepared.get(db);
  if (known !== undefined) return known;
  const made = prepareStatements(db);
  prepared.set(db, made);
  return made;
}

function prepareStatements(db: StoreDatabase) {
  const project = sql.placeholder('project');
  const name = sql.placeholder('name');
  const max = sql.placeholder('max');
  return {
    routesOfService: db
      .select({ name: routes.name })
      .from(routeServices)
      .innerJoin(routes, eq(routes.id, routeServices.routeId))
      .where(and(eq(routeServices.project, project), eq(routeServices.service, name)))
      .limit(max)
      .prepare(),
    routesOfSecret: db
      .select({ name: routes.name })
      .from(routeSecrets)
      .innerJoin(routes, eq(routes.id, routeSecrets.routeId))
      .where(and(eq(routeSecrets.project, project), eq(routeSecrets.secret, name)))
      .limit(max)
      .prepare(),
    servicesOfSecret: db
      .select({ name: services.name })
      .from(serviceSecrets)
      .innerJoin(services, eq(services.id, serviceSecrets.serviceId))
      .where(and(eq(serviceSecrets.project, project), eq(serviceSecrets.secret, name)))
      .limit(max)
      .prepare(),
  };
}
