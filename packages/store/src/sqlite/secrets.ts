import { randomUUID } from 'node:crypto';
import { PosternError, type ResourceName, type Revision } from '@postern/contracts';
import { and, asc, eq } from 'drizzle-orm';
import type { SecretRecord, SecretWrite, Target, Written } from '../store.ts';
import type { StoreDatabase } from './open-database.ts';
import { recompileAffected } from './recompile-hosts.ts';
import { requireProject, requireRow, requireUnused, requireVersion } from './record-access.ts';
import { secrets } from './schema.ts';
import { usersOfSecret } from './usage.ts';
import type { WriteContext } from './write-context.ts';

type SecretColumns = typeof secrets.$inferSelect;

export function getSecret(db: StoreDatabase, target: Target): SecretRecord {
  return recordOf(db, requireRow('secret', target, findSecret(db, target)));
}

export function listSecrets(db: StoreDatabase, project: ResourceName): SecretRecord[] {
  requireProject(db, project);
  return db
    .select()
    .from(secrets)
    .where(eq(secrets.project, project))
    .orderBy(asc(secrets.name))
    .all()
    .map((row) => recordOf(db, row));
}

/** Creates or replaces. The id and the type of a secret never change, so that a new value is one change and no host follows. */
export function putSecret(context: WriteContext, write: SecretWrite): Written<SecretRecord> {
  const { db, log, now } = context;
  const { project, name, type, details, sealed } = write;
  requireProject(db, project);
  const present = findSecret(db, write);
  requireVersion('secret', write, present?.version ?? 0);
  if (present !== undefined && present.type !== type) {
    const message = `secret ${name} is of type ${present.type} and stays so; delete it first, or choose another name`;
    throw new PosternError('validation_failed', {
      detail: message,
      findings: [{ severity: 'error', code: 'secret_type', message, pointer: '/type' }],
    });
  }
  const row: SecretColumns = {
    id: present?.id ?? randomUUID(),
    project,
    name,
    version: (present?.version ?? 0) + 1,
    labels: write.labels ?? present?.labels ?? {},
    createdAt: present?.createdAt ?? now,
    updatedAt: now,
    type,
    details,
    sealed,
  };
  db.insert(secrets).values(row).onConflictDoUpdate({ target: secrets.id, set: row }).run();
  if (write.document !== null) log.put(write.document.kind, row.id, write.document.body, now);
  const job = present === undefined ? recompileAffected(context, { kind: 'secret', project, name }) : null;
  return { record: recordOf(db, row), created: present === undefined, revision: log.revision(), job };
}

export function deleteSecret({ db, log, now }: WriteContext, target: Target): { revision: Revision } {
  const row = requireRow('secret', target, findSecret(db, target));
  requireUnused('secret', target, usersOfSecret(db, target.project, target.name));
  db.delete(secrets).where(eq(secrets.id, row.id)).run();
  log.bury('trust-bundle', row.id, now);
  log.bury('certificate', row.id, now);
  return { revision: log.revision() };
}

function findSecret(db: StoreDatabase, { project, name }: Target): SecretColumns | undefined {
  return db
    .select()
    .from(secrets)
    .where(and(eq(secrets.project, project), eq(secrets.name, name)))
    .get();
}

function recordOf(db: StoreDatabase, row: SecretColumns): SecretRecord {
  return { ...row, usedBy: usersOfSecret(db, row.project, row.name) };
}
