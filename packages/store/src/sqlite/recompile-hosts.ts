import { randomUUID } from 'node:crypto';
import { LIMITS, type ResourceName, type RouteDescriptor } from '@postern/contracts';
import { and, asc, eq, gt, inArray, ne } from 'drizzle-orm';
import { union } from 'drizzle-orm/sqlite-core';
import { certificateOfDocument, HostRowsGatherer } from './host-rows.ts';
import type { StoreDatabase } from './open-database.ts';
import { prepareOnce } from './prepare-once.ts';
import { changes, jobs, routeSecrets, routeServices, routes, serviceSecrets, services } from './schema.ts';
import { certificateNames, certificateOrders, isNameUsed, orderIsPending } from './schema-certificates.ts';
import type { WriteContext } from './write-context.ts';

/** Routes read at once by a job; each batch costs a few milliseconds. */
const JOB_BATCH = 50;

/** A written row that hosts follow from; of kind `project` all hosts of the project do. */
export interface Cause {
  readonly kind: 'service' | 'secret' | 'project';
  readonly project: string;
  readonly name: string;
}

/** Compiles one route's host from the rows of this transaction and puts its document into the log. */
export function recompileRoute(
  context: WriteContext,
  gatherer: HostRowsGatherer,
  route: { project: string; name: string; spec: RouteDescriptor },
): void {
  const document = context.compiler.compileHost(gatherer.hostRows(route));
  context.log.put('host', route.spec.host, document, context.now);
}

/**
 * Recompiles every host that follows from the row: at once up to LIMITS.inlineRecompiledHostsMax, else by a job whose
 * id is returned.
 */
export function recompileAffected(context: WriteContext, cause: Cause): string | null {
  const routeIds = affectedRouteIds(context, cause, '', LIMITS.inlineRecompiledHostsMax + 1);
  if (routeIds.length <= LIMITS.inlineRecompiledHostsMax) {
    recompileRoutes(context, routeIds, () => true);
    return null;
  }
  const id = randomUUID();
  context.db
    .insert(jobs)
    .values({ id, ...cause, afterRouteId: '', createdAt: context.now })
    .run();
  return id;
}

/** Recompiles the hosts of a project that wait for their first certificate and are served meanwhile by one that is gone. */
export function recompilePending(context: WriteContext, project: string, certificateId: string): void {
  const waiting = context.db
    .select({ id: routes.id })
    .from(certificateNames)
    .innerJoin(certificateOrders, eq(certificateOrders.id, certificateNames.orderId))
    .innerJoin(routes, eq(routes.host, certificateNames.name))
    .innerJoin(changes, and(eq(changes.kind, 'host'), eq(changes.id, routes.host)))
    .where(
      and(
        // In the words of the index: most certificates of a project wait for nothing.
        eq(certificateOrders.project, project as ResourceName),
        orderIsPending,
        isNameUsed,
        eq(routes.project, project),
        ne(certificateOrders.state, 'issued'),
        eq(certificateOfDocument, certificateId),
      ),
    )
    .all();
  recompileRoutes(
    context,
    waiting.map(({ id }) => id),
    () => true,
  );
}

const anyJob = prepareOnce((db) => db.select({ seq: jobs.seq }).from(jobs).prepare());

/** True while a job is not done. */
export function hasJob(db: StoreDatabase): boolean {
  return anyJob(db).get() !== undefined;
}

/**
 * Works on the oldest job until `mayGoOn` says no, at least one host. False when there is no job.
 * A route written since the job began has been compiled by its own write, from the same rows.
 */
export function runOldestJob(context: WriteContext, mayGoOn: () => boolean): boolean {
  const job = context.db.select().from(jobs).orderBy(asc(jobs.seq)).limit(1).get();
  if (job === undefined) return false;
  let after = job.afterRouteId;
  let isDone = false;
  do {
    const routeIds = affectedRouteIds(context, job, after, JOB_BATCH);
    const last = recompileRoutes(context, routeIds, mayGoOn);
    isDone = routeIds.length < JOB_BATCH && last === routeIds.at(-1);
    after = last ?? after;
  } while (!isDone && mayGoOn());
  if (isDone) context.db.delete(jobs).where(eq(jobs.seq, job.seq)).run();
  else context.db.update(jobs).set({ afterRouteId: after }).where(eq(jobs.seq, job.seq)).run();
  return true;
}

/** Gives the id of the last route done; it stops after one for which `mayGoOn` says no. */
function recompileRoutes(
  context: WriteContext,
  routeIds: readonly string[],
  mayGoOn: () => boolean,
): string | undefined {
  if (routeIds.length === 0) return undefined;
  const gatherer = new HostRowsGatherer(context.db);
  const found = context.db
    .select({ id: routes.id, project: routes.project, name: routes.name, spec: routes.spec })
    .from(routes)
    .where(inArray(routes.id, [...routeIds]))
    .orderBy(asc(routes.id))
    .all();
  let last: string | undefined;
  for (const route of found) {
    recompileRoute(context, gatherer, route);
    last = route.id;
    if (!mayGoOn()) break;
  }
  return last;
}

/** Ids of the routes that follow from the row, in order, after one of them. */
function affectedRouteIds({ db }: WriteContext, cause: Cause, after: string, limit: number): string[] {
  const { kind, project, name } = cause;
  if (kind === 'project') {
    return db
      .select({ id: routes.id })
      .from(routes)
      .where(and(eq(routes.project, project), gt(routes.id, after)))
      .orderBy(asc(routes.id))
      .limit(limit)
      .all()
      .map((row) => row.id);
  }
  const rows =
    kind === 'service'
      ? db
          .select({ id: routeServices.routeId })
          .from(routeServices)
          .where(
            and(
              eq(routeServices.project, project),
              eq(routeServices.service, name),
              gt(routeServices.routeId, after),
            ),
          )
          .orderBy(asc(routeServices.routeId))
          .limit(limit)
          .all()
      : union(
          db
            .select({ id: routeSecrets.routeId })
            .from(routeSecrets)
            .where(
              and(
                eq(routeSecrets.project, project),
                eq(routeSecrets.secret, name),
                gt(routeSecrets.routeId, after),
              ),
            ),
          db
            .select({ id: routeServices.routeId })
            .from(serviceSecrets)
            .innerJoin(services, eq(services.id, serviceSecrets.serviceId))
            .innerJoin(
              routeServices,
              and(eq(routeServices.project, services.project), eq(routeServices.service, services.name)),
            )
            .where(
              and(
                eq(serviceSecrets.project, project),
                eq(serviceSecrets.secret, name),
                gt(routeServices.routeId, after),
              ),
            ),
        )
          .orderBy((columns) => asc(columns.id))
          .limit(limit)
          .all();
  return rows.map((row) => row.id);
}
