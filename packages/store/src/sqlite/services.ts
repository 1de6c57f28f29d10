import { randomUUID } from 'node:crypto';
import type { ResourceName, Revision } from '@postern/contracts';
import { and, asc, eq } from 'drizzle-orm';
import type { ListQuery, Page } from '../list-query.ts';
import type { ServiceRecord, ServiceWrite, Target, Written } from '../store.ts';
import { refuseErrors } from './compiler-findings.ts';
import { HostRowsGatherer, secretsOfService } from './host-rows.ts';
import { listWindow } from './list-window.ts';
import type { StoreDatabase } from './open-database.ts';
import { recompileAffected } from './recompile-hosts.ts';
import { requireProject, requireRow, requireSameContent, requireUnused } from './record-access.ts';
import { forgetFormerVersions, keepFormerVersion } from './record-history.ts';
import { serviceSecrets, services } from './schema.ts';
import { USERS_IN_LISTS_MAX, usersOfService } from './usage.ts';
import type { WriteContext } from './write-context.ts';

type ServiceColumns = typeof services.$inferSelect;

export function getService(db: StoreDatabase, target: Target): ServiceRecord {
  return recordOf(db, requireRow(db, 'service', target, findService(db, target)));
}

export function listServices(
  db: StoreDatabase,
  project: ResourceName,
  query: ListQuery,
): Page<ServiceRecord> {
  requireProject(db, project);
  const window = listWindow(db, services, project, query);
  const rows = db
    .select()
    .from(services)
    .where(window.where)
    .orderBy(asc(services.name))
    .limit(window.readLimit)
    .all();
  const { items, next } = window.pageOf(rows);
  return { items: items.map((row) => recordOf(db, row, USERS_IN_LISTS_MAX)), next };
}

export function createService(context: WriteContext, write: ServiceWrite): Written<ServiceRecord> {
  const { db, now } = context;
  requireProject(db, write.project);
  const present = findService(db, write);
  if (present !== undefined) {
    const wanted = { labels: write.labels ?? {}, spec: write.spec };
    requireSameContent('service', write, present, wanted);
    return { record: recordOf(db, present), created: false, revision: context.log.revision(), job: null };
  }
  return saveService(context, {
    id: randomUUID(),
    project: write.project,
    name: write.name,
    version: 1,
    labels: write.labels ?? {},
    createdAt: now,
    updatedAt: now,
    updatedBy: context.by,
    spec: write.spec,
  });
}

export function updateService(context: WriteContext, write: ServiceWrite): Written<ServiceRecord> {
  const present = requireRow(context.db, 'service', write, findService(context.db, write));
  keepFormerVersion(context, present);
  return saveService(context, {
    ...present,
    version: present.version + 1,
    labels: write.labels ?? present.labels,
    updatedAt: context.now,
    updatedBy: context.by,
    spec: write.spec,
  });
}

export function deleteService(context: WriteContext, target: Target): { revision: Revision } {
  const { db, log } = context;
  const row = requireRow(db, 'service', target, findService(db, target));
  requireUnused('service', target, usersOfService(db, target.project, target.name));
  db.delete(services).where(eq(services.id, row.id)).run();
  forgetFormerVersions(context, row.id);
  return { revision: log.revision() };
}

function saveService(context: WriteContext, row: ServiceColumns): Written<ServiceRecord> {
  const { db, log, compiler } = context;
  const { project, name } = row;
  const secretRows = new HostRowsGatherer(db).secretRows(project, secretsOfService(row.spec));
  refuseErrors(compiler.checkService(row.spec, secretRows));
  db.insert(services).values(row).onConflictDoUpdate({ target: services.id, set: row }).run();
  db.delete(serviceSecrets).where(eq(serviceSecrets.serviceId, row.id)).run();
  for (const secret of secretsOfService(row.spec))
    db.insert(serviceSecrets).values({ project, secret, serviceId: row.id }).run();
  const job = recompileAffected(context, { kind: 'service', project, name });
  return { record: recordOf(db, row), created: row.version === 1, revision: log.revision(), job };
}

function findService(db: StoreDatabase, { project, name }: Target): ServiceColumns | undefined {
  return db
    .select()
    .from(services)
    .where(and(eq(services.project, project), eq(services.name, name)))
    .get();
}

function recordOf(db: StoreDatabase, row: ServiceColumns, usersMax?: number): ServiceRecord {
  return { ...row, usedBy: usersOfService(db, row.project, row.name, usersMax) };
}
