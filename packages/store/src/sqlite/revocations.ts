import { randomUUID } from 'node:crypto';
import {
  LIMITS,
  PosternError,
  type ResourceName,
  type Revision,
  type RevocationEntry,
} from '@postern/contracts';
import { and, asc, count, eq } from 'drizzle-orm';
import type { RevocationRecord, RevocationWrite, Written } from '../store.ts';
import type { StoreDatabase } from './open-database.ts';
import { recompileAffected } from './recompile-hosts.ts';
import { requireProject } from './record-access.ts';
import { revocations, routes, secrets } from './schema.ts';
import type { WriteContext } from './write-context.ts';

type RevocationColumns = typeof revocations.$inferSelect;

export function getRevocation(db: StoreDatabase, project: ResourceName, id: string): RevocationRecord {
  const row = db
    .select()
    .from(revocations)
    .where(and(eq(revocations.project, project), eq(revocations.id, id)))
    .get();
  if (row === undefined)
    throw new PosternError('not_found', { detail: `there is no revocation ${id} in project ${project}` });
  return recordOf(row);
}

export function listRevocations(db: StoreDatabase, project: ResourceName): RevocationRecord[] {
  requireProject(db, project);
  return rowsOf(db, project).map(recordOf);
}

export function createRevocation(context: WriteContext, write: RevocationWrite): Written<RevocationRecord> {
  const { db, log, now } = context;
  const { project, client, route, ca } = write;
  requireProject(db, project);
  requireScope(db, write);
  const key = JSON.stringify([client.by, wordsOf(write), route, ca]);
  const present = db
    .select()
    .from(revocations)
    .where(and(eq(revocations.project, project), eq(revocations.key, key)))
    .get();
  if (present !== undefined)
    return { record: recordOf(present), created: false, revision: log.revision(), job: null };
  const [held] = db.select({ rows: count() }).from(revocations).where(eq(revocations.project, project)).all();
  if ((held?.rows ?? 0) >= LIMITS.revocationsMax) {
    const most = LIMITS.revocationsMax;
    throw new PosternError('validation_failed', {
      detail: `project ${project} has ${most} revocations already; put them on a revocation list of the CA`,
    });
  }
  const row: RevocationColumns = { ...write, id: randomUUID(), key, createdAt: now, createdBy: context.by };
  db.insert(revocations).values(row).run();
  const isFirst = !log.has('revocation', project);
  putDocument(context, project);
  // From here on the documents of its hosts say that there are revocations, so that an edge that knows none closes them.
  const job = isFirst ? recompileAffected(context, { kind: 'project', project, name: '' }) : null;
  return { record: recordOf(row), created: true, revision: log.revision(), job };
}

export function deleteRevocation(
  context: WriteContext,
  project: ResourceName,
  id: string,
): { revision: Revision } {
  getRevocation(context.db, project, id);
  context.db.delete(revocations).where(eq(revocations.id, id)).run();
  putDocument(context, project);
  return { revision: context.log.revision() };
}

/** Writes the project's document anew where it has one: which CAs the scopes of revocations name follows from its secrets. */
export function refreshRevocations(context: WriteContext, project: string): void {
  if (context.log.has('revocation', project)) putDocument(context, project);
}

/** The document stays when the last revocation is taken back: hosts that have once said that there is one close without it. */
function putDocument({ db, log, now }: WriteContext, project: string): void {
  const caIds = new Map(
    db
      .select({ name: secrets.name, id: secrets.id })
      .from(secrets)
      .innerJoin(revocations, and(eq(revocations.project, secrets.project), eq(revocations.ca, secrets.name)))
      .where(eq(secrets.project, project))
      .all()
      .map(({ name, id }) => [name, id]),
  );
  const entries = rowsOf(db, project).flatMap((row): RevocationEntry[] => {
    const ca = row.ca === null ? null : caIds.get(row.ca);
    // A CA that is gone vouches for nobody.
    return ca === undefined
      ? []
      : [{ id: row.id, client: clientOf(row), reason: row.reason, route: row.route, ca }];
  });
  log.put('revocation', project, { entries }, now);
}

function clientOf({ client, issuerKey }: RevocationColumns): RevocationEntry['client'] {
  if (client.by !== 'serial') return client;
  return { by: 'serial', serialNumber: client.serialNumber, issuerKey: issuerKey ?? '' };
}

/** What makes two revocations the same. */
function wordsOf({ client, issuerKey }: RevocationWrite): string[] {
  switch (client.by) {
    case 'fingerprint':
      return [client.fingerprint];
    case 'serial':
      return [client.serialNumber, issuerKey ?? ''];
    case 'subject':
      return [client.subject.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())];
  }
}

/** What a scope names must be there: a misspelt one would revoke nothing. */
function requireScope(db: StoreDatabase, { project, route, ca }: RevocationWrite): void {
  if (route !== null) {
    const row = db
      .select({ id: routes.id })
      .from(routes)
      .where(and(eq(routes.project, project), eq(routes.name, route)))
      .get();
    if (row === undefined)
      throw new PosternError('not_found', { detail: `there is no route ${route} in project ${project}` });
  }
  if (ca === null) return;
  const row = db
    .select({ type: secrets.type })
    .from(secrets)
    .where(and(eq(secrets.project, project), eq(secrets.name, ca)))
    .get();
  if (row?.type !== 'tls-ca')
    throw new PosternError('not_found', { detail: `there is no tls-ca secret ${ca} in project ${project}` });
}

function rowsOf(db: StoreDatabase, project: string): RevocationColumns[] {
  return db
    .select()
    .from(revocations)
    .where(eq(revocations.project, project))
    .orderBy(asc(revocations.createdAt), asc(revocations.id))
    .all();
}

function recordOf({ key: _, issuerKey: __, ...record }: RevocationColumns): RevocationRecord {
  return record;
}
