import { randomUUID } from 'node:crypto';
import { PosternError, type ResourceName, type Revision } from '@postern/contracts';
import { and, asc, eq } from 'drizzle-orm';
import type { ServiceRecord, ServiceWrite, Target, Written } from '../store.ts';
import { refuseErrors } from './compiler-findings.ts';
import { HostRowsGatherer, secretsOfService } from './host-rows.ts';
import type { StoreDatabase } from './open-database.ts';
import { recompileAffected } from './recompile-hosts.ts';
import { requireProject, requireRow, requireUnused } from './record-access.ts';
import { serviceSecrets, services } from './schema.ts';
import { usersOfService } from './usage.ts';
import type { WriteContext } from './write-context.ts';

type ServiceColumns = typeof services.$inferSelect;

export function getService(db: StoreDatabase, target: Target): ServiceRecord {
  return recordOf(db, requireRow('service', target, findService(db, target)));
}

export function listServices(db: StoreDatabase, project: ResourceName): ServiceRecord[] {
  requireProject(db, project);
  return db
    .select()
    .from(services)
    .where(eq(services.project, project))
    .orderBy(asc(services.name))
    .all()
    .map((row) => recordOf(db, row));
}

export function createService(context: WriteContext, write: ServiceWrite): Written<ServiceRecord> {
  const { db, now } = context;
  requireProject(db, write.project);
  if (findService(db, write) !== undefined) {
    throw new PosternError('already_exists', {
      detail: `project ${write.project} has a service ${write.name} already`,
    });
  }
  return saveService(context, {
    id: randomUUID(),
    project: write.project,
    name: write.name,
    version: 1,
    labels: write.labels ?? {},
    createdAt: now,
    updatedAt: now,
    spec: write.spec,
  });
}

export function updateService(context: WriteContext, write: ServiceWrite): Written<ServiceRecord> {
  const present = requireRow('service', write, findService(context.db, write));
  return saveService(context, {
    ...present,
    version: present.version + 1,
    labels: write.labels ?? present.labels,
    updatedAt: context.now,
    spec: write.spec,
  });
}

export function deleteService({ db, log }: WriteContext, target: Target): { revision: Revision } {
  const row = requireRow('service', target, findService(db, target));
  requireUnused('service', target, usersOfService(db, target.project, target.name));
  db.delete(services).where(eq(services.id, row.id)).run();
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

function recordOf(db: StoreDatabase, row: ServiceColumns): ServiceRecord {
  return { ...row, usedBy: usersOfService(db, row.project, row.name) };
}
