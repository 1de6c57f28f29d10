import { and, eq } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';
import { routeSecrets, routeServices, routes, serviceSecrets, services } from './schema.ts';

/** Names of the routes that lead to a service, like `route/my-route`, sorted. */
export function usersOfService(db: StoreDatabase, project: string, service: string): string[] {
  return db
    .select({ name: routes.name })
    .from(routeServices)
    .innerJoin(routes, eq(routes.id, routeServices.routeId))
    .where(and(eq(routeServices.project, project), eq(routeServices.service, service)))
    .all()
    .map((row) => `route/${row.name}`)
    .sort();
}

/** Names of what names a secret itself, like `route/my-route` and `service/cart`, sorted. */
export function usersOfSecret(db: StoreDatabase, project: string, secret: string): string[] {
  const byRoutes = db
    .select({ name: routes.name })
    .from(routeSecrets)
    .innerJoin(routes, eq(routes.id, routeSecrets.routeId))
    .where(and(eq(routeSecrets.project, project), eq(routeSecrets.secret, secret)))
    .all();
  const byServices = db
    .select({ name: services.name })
    .from(serviceSecrets)
    .innerJoin(services, eq(services.id, serviceSecrets.serviceId))
    .where(and(eq(serviceSecrets.project, project), eq(serviceSecrets.secret, secret)))
    .all();
  return [
    ...byRoutes.map((row) => `route/${row.name}`),
    ...byServices.map((row) => `service/${row.name}`),
  ].sort();
}
