import { isDeepStrictEqual } from 'node:util';
import { PosternError, type ResourceName } from '@postern/contracts';
import { eq, sql } from 'drizzle-orm';
import type { Target } from '../store.ts';
import type { StoreDatabase } from './open-database.ts';
import { prepareOnce } from './prepare-once.ts';
import { conflictSince, conflictWith, contentOf, type ResourceRow } from './record-history.ts';
import { projects } from './schema.ts';

/** Names in one `in_use` detail; more help nobody. */
const USERS_NAMED_MAX = 20;

const projectByName = prepareOnce((db) =>
  db
    .select({ name: projects.name })
    .from(projects)
    .where(eq(projects.name, sql.placeholder('name')))
    .prepare(),
);

export function hasProject(db: StoreDatabase, project: string): boolean {
  return projectByName(db).get({ name: project }) !== undefined;
}

/** Fails with `not_found` when the project is missing. */
export function requireProject(db: StoreDatabase, project: ResourceName): void {
  if (!hasProject(db, project))
    throw new PosternError('not_found', { detail: `there is no project ${project}` });
}

/**
 * Gives the row a caller means: `not_found` when there is none, `version_conflict` when the caller has read another
 * version of it, with what changed since.
 */
export function requireRow<T extends ResourceRow>(
  db: StoreDatabase,
  kind: string,
  target: Target,
  row: T | undefined,
): T {
  if (row === undefined) {
    throw new PosternError('not_found', {
      detail: `there is no ${kind} ${target.name} in project ${target.project}`,
    });
  }
  requireVersion(db, kind, target, row);
  return row;
}

/** Fails with `version_conflict` when the caller has read another version; version 0 stands for a row that does not exist. */
export function requireVersion(
  db: StoreDatabase,
  kind: string,
  target: Target,
  row: ResourceRow | undefined,
): void {
  const { name, ifVersion, ifId } = target;
  if (ifVersion === undefined) return;
  const version = row?.version ?? 0;
  const isSame = row === undefined || ifId === undefined || row.id.startsWith(ifId);
  if (ifVersion === version && isSame) return;
  if (row === undefined) {
    throw new PosternError('version_conflict', {
      detail: `${kind} ${name} does not exist; version ${ifVersion} was expected`,
      conflict: { version: null, yourVersion: ifVersion, updatedAt: null, updatedBy: null, changes: null },
    });
  }
  const conflict = conflictSince(db, row, isSame ? ifVersion : 0);
  throw new PosternError('version_conflict', {
    detail: isSame
      ? `${kind} ${name} is at version ${version}, not ${ifVersion}`
      : `${kind} ${name} is another one than was read: it was deleted and created again`,
    conflict: { ...conflict, yourVersion: ifVersion },
  });
}

/**
 * For a create of what exists: gives the row back where it has this very content already (a repeated call), else fails with
 * `already_exists` and what differs.
 */
export function requireSameContent<T extends ResourceRow>(
  kind: string,
  target: Target,
  row: T,
  wanted: object,
): T {
  // Through JSON, since an absent key and an undefined one are the same content.
  const content: unknown = JSON.parse(JSON.stringify(wanted));
  const isAllowed = target.ifVersion !== 0;
  if (isAllowed && isDeepStrictEqual(content, JSON.parse(JSON.stringify(contentOf(row))))) return row;
  throw new PosternError('already_exists', {
    detail: `project ${target.project} has a ${kind} ${target.name} already`,
    conflict: conflictWith(row, content as object),
  });
}

/** Fails with `in_use` and the users' names when there are any; a long list is cut. */
export function requireUnused(kind: string, target: Target, usedBy: readonly string[]): void {
  if (usedBy.length === 0) return;
  const named = usedBy.slice(0, USERS_NAMED_MAX).join(', ');
  const more = usedBy.length > USERS_NAMED_MAX ? ' and more' : '';
  throw new PosternError('in_use', { detail: `${kind} ${target.name} is used by ${named}${more}` });
}
