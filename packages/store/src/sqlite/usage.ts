import { and, eq } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';
import { routeSecrets, routeServices, routes, serviceSecrets, services } from './schema.ts';

/** Users named of one row: a CA of 100,000 routes would cost every read of it 350 ms, and nobody reads that list. */
const USERS_LISTED_MAX = 1_000;

/** Names of the routes that lead to a service, like `route/my-route`, sorted; at most USERS_LISTED_MAX of them. */
export function usersOfService(db: StoreDatabase, project: string, service: string): string[] {
  return db
    .select({ name: routes.name })
    .from(routeServices)
    .innerJoin(routes, eq(routes.id, routeServices.routeId))
    .where(and(eq(routeServices.project, project), eq(routeServices.service, service)))
    .limit(USERS_LISTED_MAX)
    .all()
    .map((row) => `route/${row.name}`)
    .sort();
}

/** Names of what names a secret itself, like `route/my-route` and `service/cart`, sorted; at most USERS_LISTED_MAX of them. */
export function usersOfSecret(db: StoreDatabase, project: string, secret: string): string[] {
  const byRoutes = db
    .select({ name: routes.name })
    .from(routeSecrets)
    .innerJoin(routes, eq(routes.id, routeSecrets.routeId))
    .where(and(eq(routeSecrets.project, project), eq(routeSecrets.secret, secret)))
    .limit(USERS_LISTED_MAX)
    .all();
  const byServices = db
    .select({ name: services.name })
    .from(serviceSecrets)
    .innerJoin(services, eq(services.id, serviceSecrets.serviceId))
    .where(and(eq(serviceSecrets.project, project), eq(serviceSecrets.secret, secret)))
    .limit(USERS_LISTED_MAX)
    .all();
  return [...byRoutes.map((row) => `route/${row.name}`), ...byServices.map((row) => `service/${row.name}`)]
    .sort()
    .slice(0, USERS_LISTED_MAX);
}
