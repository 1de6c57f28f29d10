import { randomUUID } from 'node:crypto';
import type { HostDocument, Hostname, ResourceName, Revision } from '@postern/contracts';
import { and, asc, eq, sql } from 'drizzle-orm';
import type { CertificateOrderRecord } from '../certificates.ts';
import type { HostnameClaim, HostnameRecord } from '../hostnames.ts';
import type { ListQuery, Page } from '../list-query.ts';
import type { RouteRecord, RouteWrite, Target, Written } from '../store.ts';
import { ordersOfNames } from './certificate-orders.ts';
import { settleCertificates } from './certificate-use.ts';
import { problemsOfClientCas } from './client-cas.ts';
import { refuseErrors } from './compiler-findings.ts';
import { HostRowsGatherer } from './host-rows.ts';
import { claimHostname, hostnamesOf, isGeneratedHostname, releaseHostname } from './hostnames.ts';
import { listWindow } from './list-window.ts';
import type { StoreDatabase } from './open-database.ts';
import { prepareOnce, valueFor } from './prepare-once.ts';
import { requireProject, requireRow, requireSameContent } from './record-access.ts';
import { forgetFormerVersions, keepFormerVersion } from './record-history.ts';
import { writeReferences } from './route-references.ts';
import { changes, routes } from './schema.ts';
import type { WriteContext } from './write-context.ts';

type RouteColumns = typeof routes.$inferSelect;

export function getRoute(db: StoreDatabase, target: Target): RouteRecord {
  return recordOf(db, requireRow(db, 'route', target, findRoute(db, target)));
}

export function listRoutes(db: StoreDatabase, project: ResourceName, query: ListQuery): Page<RouteRecord> {
  requireProject(db, project);
  const window = listWindow(db, routes, project, query);
  const rows = db
    .select({ route: routes, body: changes.body, revision: changes.revision })
    .from(routes)
    .innerJoin(changes, and(eq(changes.kind, 'host'), eq(changes.id, routes.host)))
    .where(window.where)
    .orderBy(asc(routes.name))
    .limit(window.readLimit)
    .all();
  const hosts = rows.map(({ route }) => route.host);
  const orders = ordersOfNames(db, project, hosts);
  const names = hostnamesOf(db, hosts);
  return window.pageOf(
    rows.map(({ route, body, revision }) =>
      withDocument(route, body, revision, orders.get(route.host) ?? null, names.get(route.host)),
    ),
  );
}

export function createRoute(context: WriteContext, write: RouteWrite): Written<RouteRecord> {
  const { db, now } = context;
  requireProject(db, write.project);
  const present = findRoute(db, write);
  if (present !== undefined) {
    requireSameContent('route', write, present, contentWanted(db, write, present));
    return { record: recordOf(db, present), created: false, revision: context.log.revision(), job: null };
  }
  const host = write.spec.host;
  claimHostname(context, host, write.project, claimOf(write));
  const row: RouteColumns = {
    id: randomUUID(),
    project: write.project,
    name: write.name,
    version: 1,
    labels: write.labels ?? {},
    createdAt: now,
    updatedAt: now,
    updatedBy: context.by,
    host,
    spec: write.spec,
  };
  db.insert(routes).values(row).run();
  return finishRoute(context, row, [host]);
}

export function updateRoute(context: WriteContext, write: RouteWrite): Written<RouteRecord> {
  const { db } = context;
  const present = requireRow(db, 'route', write, findRoute(db, write));
  keepFormerVersion(context, present);
  const host = write.spec.host;
  if (host !== present.host) claimHostname(context, host, write.project, claimOf(write));
  const row: RouteColumns = {
    ...present,
    version: present.version + 1,
    labels: write.labels ?? present.labels,
    updatedAt: context.now,
    updatedBy: context.by,
    host,
    spec: write.spec,
  };
  rewriteRoute(db).run(row);
  if (host !== present.host) {
    db.update(routes).set({ host }).where(eq(routes.id, row.id)).run();
    releaseHostname(context, present.host);
  }
  return finishRoute(context, row, wantsAsBefore(present, row) ? [] : [present.host, host]);
}

export function deleteRoute(context: WriteContext, target: Target): { revision: Revision } {
  const row = requireRow(context.db, 'route', target, findRoute(context.db, target));
  context.db.delete(routes).where(eq(routes.id, row.id)).run();
  forgetFormerVersions(context, row.id);
  releaseHostname(context, row.host);
  settleCertificates(context, row.project as ResourceName, [row.host]);
  return { revision: context.log.revision() };
}

/** True where a route wants of Postern's certificates what it wanted before: most writes change rules. */
function wantsAsBefore(before: RouteColumns, now: RouteColumns): boolean {
  const hadOwn = before.spec.tls?.serverCertificate !== undefined;
  return before.host === now.host && hadOwn === (now.spec.tls?.serverCertificate !== undefined);
}

/** Writes what follows from a stored route: the certificates of `hosts`, its references, after the Compiler agreed, and its host's document. */
function finishRoute(
  context: WriteContext,
  row: RouteColumns,
  hosts: readonly Hostname[],
): Written<RouteRecord> {
  const { db, log, compiler } = context;
  if (hosts.length > 0) settleCertificates(context, row.project as ResourceName, hosts);
  const rows = new HostRowsGatherer(db).hostRows(row);
  refuseErrors([...compiler.checkRoute(rows), ...problemsOfClientCas(context, row)]);
  writeReferences(db, row);
  log.put('host', row.host, compiler.compileHost(rows), context.now);
  return { record: recordOf(db, row), created: row.version === 1, revision: log.revision(), job: null };
}

function claimOf({ generatedHost = false, hostNeedsProof = false }: RouteWrite): HostnameClaim {
  return { generated: generatedHost, needsProof: hostNeedsProof };
}

/** What a repeated create would leave. One that asked for a generated host means the one that the first call got. */
function contentWanted(db: StoreDatabase, write: RouteWrite, present: RouteColumns): object {
  const means = write.generatedHost === true && isGeneratedHostname(db, present.host);
  const spec = means ? { ...write.spec, host: present.host } : write.spec;
  return { labels: write.labels ?? {}, spec };
}

const routeByName = prepareOnce((db) =>
  db
    .select()
    .from(routes)
    .where(and(eq(routes.project, sql.placeholder('project')), eq(routes.name, sql.placeholder('name'))))
    .prepare(),
);

/** Only what a write may change: an index is written for every column of it that is set, changed or not. */
const rewriteRoute = prepareOnce((db) =>
  db
    .update(routes)
    .set({
      version: valueFor(routes.version, 'version'),
      labels: valueFor(routes.labels, 'labels'),
      updatedAt: valueFor(routes.updatedAt, 'updatedAt'),
      updatedBy: valueFor(routes.updatedBy, 'updatedBy'),
      spec: valueFor(routes.spec, 'spec'),
    })
    .where(eq(routes.id, sql.placeholder('id')))
    .prepare(),
);

const documentOfHost = prepareOnce((db) =>
  db
    .select({ body: changes.body, revision: changes.revision })
    .from(changes)
    .where(and(eq(changes.kind, 'host'), eq(changes.id, sql.placeholder('host'))))
    .prepare(),
);

function findRoute(db: StoreDatabase, { project, name }: Target): RouteColumns | undefined {
  return routeByName(db).get({ project, name });
}

function recordOf(db: StoreDatabase, row: RouteColumns): RouteRecord {
  const change = documentOfHost(db).get({ host: row.host });
  const order = ordersOfNames(db, row.project, [row.host]).get(row.host) ?? null;
  const hostname = hostnamesOf(db, [row.host]).get(row.host);
  return withDocument(row, change?.body ?? null, change?.revision ?? 0, order, hostname);
}

function withDocument(
  row: RouteColumns,
  body: string | null,
  revision: number,
  order: CertificateOrderRecord | null,
  hostname: HostnameRecord | undefined,
): RouteRecord {
  if (body === null || hostname === undefined) throw new Error(`route ${row.id} has no document or no name`);
  const { host: _, ...record } = row;
  const document = JSON.parse(body) as HostDocument;
  return { ...record, document, revision: revision as Revision, order, hostname };
}
