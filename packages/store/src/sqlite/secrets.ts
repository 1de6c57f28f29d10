import { randomUUID } from 'node:crypto';
import { PosternError, type ResourceName, type Revision, type SecretDetails } from '@postern/contracts';
import { and, asc, eq, inArray } from 'drizzle-orm';
import type { ListQuery, Page } from '../list-query.ts';
import type { SecretRecord, SecretWrite, Target, Written } from '../store.ts';
import { requireFitsBesideOthers } from './client-cas.ts';
import { fetchingOf, putSource, requireNewerList } from './crls.ts';
import { listsOf } from './host-rows.ts';
import { listWindow } from './list-window.ts';
import type { StoreDatabase } from './open-database.ts';
import { recompileAffected, recompilePending } from './recompile-hosts.ts';
import { requireProject, requireRow, requireUnused, requireVersion } from './record-access.ts';
import { conflictSince, forgetFormerVersions, keepFormerVersion } from './record-history.ts';
import { refreshRevocations } from './revocations.ts';
import { secrets } from './schema.ts';
import { USERS_IN_LISTS_MAX, usersOfSecret } from './usage.ts';
import type { WriteContext } from './write-context.ts';

type SecretColumns = typeof secrets.$inferSelect;

export function getSecret(db: StoreDatabase, target: Target): SecretRecord {
  return recordOf(db, requireRow(db, 'secret', target, findSecret(db, target)));
}

export function listSecrets(db: StoreDatabase, project: ResourceName, query: ListQuery): Page<SecretRecord> {
  requireProject(db, project);
  const window = listWindow(db, secrets, project, query);
  const rows = db
    .select()
    .from(secrets)
    .where(window.where)
    .orderBy(asc(secrets.name))
    .limit(window.readLimit)
    .all();
  const { items, next } = window.pageOf(rows);
  const lists = items.some(({ type }) => type === 'tls-ca') ? listsOf(db, project) : [];
  return { items: items.map((row) => recordOf(db, row, lists, USERS_IN_LISTS_MAX)), next };
}

export function secretDetailsOf(
  db: StoreDatabase,
  project: ResourceName,
  names: readonly string[],
): Map<string, SecretDetails> {
  const rows = db
    .select({ name: secrets.name, details: secrets.details })
    .from(secrets)
    .where(and(eq(secrets.project, project), inArray(secrets.name, [...names])))
    .all();
  return new Map(rows.map((row) => [row.name, row.details]));
}

/** Creates or replaces. The id and the type of a secret never change, so that a new value is one change and no host follows. */
export function putSecret(context: WriteContext, write: SecretWrite): Written<SecretRecord> {
  const { db, log, now } = context;
  const { project, name, type, details, sealed } = write;
  requireProject(db, project);
  const present = findSecret(db, write);
  requireSecretVersion(context, write, present);
  if (present !== undefined && present.type !== type) {
    const message = `secret ${name} is of type ${present.type} and stays so; delete it first, or choose another name`;
    throw new PosternError('validation_failed', {
      detail: message,
      findings: [{ severity: 'error', code: 'secret_type', message, pointer: '/type' }],
    });
  }
  if (present !== undefined && present.details.crl?.ca !== details.crl?.ca) {
    const message = `secret ${name} is a list of the CA ${present.details.crl?.ca ?? ''} and stays so; delete it first, or choose another name`;
    throw new PosternError('validation_failed', {
      detail: message,
      findings: [{ severity: 'error', code: 'crl_ca', message, pointer: '/ca/name' }],
    });
  }
  const list = present?.details.crl;
  if (details.crl !== undefined) requireNewerList(list, details.crl);
  const row: SecretColumns = {
    id: present?.id ?? randomUUID(),
    project,
    name,
    version: (present?.version ?? 0) + 1,
    labels: write.labels ?? present?.labels ?? {},
    createdAt: present?.createdAt ?? now,
    updatedAt: now,
    updatedBy: context.by,
    type,
    details: keptListOf(details, list),
    sealed,
  };
  if (present !== undefined) keepFormerVersion(context, present);
  db.insert(secrets).values(row).onConflictDoUpdate({ target: secrets.id, set: row }).run();
  if (present !== undefined && present.details.caPem !== details.caPem)
    requireFitsBesideOthers(context, write);
  if (write.document !== null) log.put(write.document.kind, row.id, write.document.body, now);
  if (details.crl !== undefined) {
    putSource(context, row.id, write.source ?? null);
    if (write.document === null) putPolicy(context, row.id, details.crl.policy);
  }
  if (present === undefined) refreshRevocations(context, project);
  // The hosts of its CA name a list that is new; a list that follows another one is one change.
  const isNew = present === undefined || (list?.thisUpdate === null && write.document !== null);
  const cause = { kind: 'secret', project, name: details.crl?.ca ?? name } as const;
  const job = isNew ? recompileAffected(context, cause) : null;
  return { record: recordOf(db, row), created: present === undefined, revision: log.revision(), job };
}

/** A source takes the place of a list, or of another source, only once something good has come from it. */
function keptListOf(details: SecretDetails, list: SecretDetails['crl']): SecretDetails {
  const { crl } = details;
  if (crl === undefined || crl.thisUpdate !== null || list === undefined) return details;
  const { source: _, ...kept } = list;
  const { source, ca, policy } = crl;
  return { ...details, crl: { ...kept, ca, policy, ...(source === undefined ? {} : { source }) } };
}

/** Tells the edges the policy of a list that stays. */
function putPolicy({ log, now }: WriteContext, id: string, policy: 'hard' | 'soft'): void {
  const present = log.find('crl', id);
  if (typeof present === 'object' && present !== null) log.put('crl', id, { ...present, policy }, now);
}

/** A put that must create (version 0) and finds a secret is `already_exists`; its values are compared with nothing. */
function requireSecretVersion(
  { db }: WriteContext,
  write: SecretWrite,
  present: SecretColumns | undefined,
): void {
  if (write.ifVersion !== 0 || present === undefined) {
    requireVersion(db, 'secret', write, present);
    return;
  }
  throw new PosternError('already_exists', {
    detail: `project ${write.project} has a secret ${write.name} already`,
    conflict: { ...conflictSince(db, present, 0), yourVersion: null },
  });
}

export function deleteSecret(context: WriteContext, target: Target): { revision: Revision } {
  const { db, log, now } = context;
  const row = requireRow(db, 'secret', target, findSecret(db, target));
  requireUnused('secret', target, [
    ...usersOfSecret(db, target.project, target.name),
    ...(row.type === 'tls-ca' ? usersAmong(listsOf(db, target.project), target.name) : []),
  ]);
  db.delete(secrets).where(eq(secrets.id, row.id)).run();
  forgetFormerVersions(context, row.id);
  log.bury('trust-bundle', row.id, now);
  log.bury('certificate', row.id, now);
  if (row.type === 'tls') recompilePending(context, target.project, row.id);
  if (row.details.crl !== undefined) {
    recompileAffected(context, { kind: 'secret', project: target.project, name: row.details.crl.ca });
    log.bury('crl', row.id, now);
  }
  refreshRevocations(context, target.project);
  return { revision: log.revision() };
}

/** The revocation lists of a tls-ca, like `secret/my-list`. */
function usersAmong(lists: ReturnType<typeof listsOf>, name: string): string[] {
  return lists.filter(({ ca }) => ca === name).map((list) => `secret/${list.name}`);
}

function findSecret(db: StoreDatabase, { project, name }: Target): SecretColumns | undefined {
  return db
    .select()
    .from(secrets)
    .where(and(eq(secrets.project, project), eq(secrets.name, name)))
    .get();
}

/** `lists` are those of its project. */
function recordOf(
  db: StoreDatabase,
  row: SecretColumns,
  lists = row.type === 'tls-ca' ? listsOf(db, row.project) : [],
  usersMax?: number,
): SecretRecord {
  return {
    ...row,
    usedBy: [...usersOfSecret(db, row.project, row.name, usersMax), ...usersAmong(lists, row.name)],
    fetching: row.type === 'crl' ? fetchingOf(db, row.id) : null,
  };
}
