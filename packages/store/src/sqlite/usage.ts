import { and, eq } from 'drizzle-orm';
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
  return db
    .select({ name: routes.name })
    .from(routeServices)
    .innerJoin(routes, eq(routes.id, routeServices.routeId))
    .where(and(eq(routeServices.project, project), eq(routeServices.service, service)))
    .limit(max)
    .all()
    .map((row) => `route/${row.name}`)
    .sort();
}

/** Names of what names a secret itself, like `route/my-route` and `service/cart`, sorted; at most `max` of them. */
export function usersOfSecret(db: StoreDatabase, project: string, secret: string, max = USERS_MAX): string[] {
  const byRoutes = db
    .select({ name: routes.name })
    .from(routeSecrets)
    .innerJoin(routes, eq(routes.id, routeSecrets.routeId))
    .where(and(eq(routeSecrets.project, project), eq(routeSecrets.secret, secret)))
    .limit(max)
    .all();
  const byServices = db
    .select({ name: services.name })
    .from(serviceSecrets)
    .innerJoin(services, eq(services.id, serviceSecrets.serviceId))
    .where(and(eq(serviceSecrets.project, project), eq(serviceSecrets.secret, secret)))
    .limit(max)
    .all();
  return [...byRoutes.map((row) => `route/${row.name}`), ...byServices.map((row) => `service/${row.name}`)]
    .sort()
    .slice(0, max);
}
