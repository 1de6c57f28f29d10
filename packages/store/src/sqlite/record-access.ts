import { PosternError, type ResourceName } from '@postern/contracts';
import { eq } from 'drizzle-orm';
import type { Target } from '../store.ts';
import type { StoreDatabase } from './open-database.ts';
import { projects } from './schema.ts';

/** Fails with `not_found` when the project is missing. */
export function requireProject(db: StoreDatabase, project: ResourceName): void {
  const row = db.select({ name: projects.name }).from(projects).where(eq(projects.name, project)).get();
  if (row === undefined) throw new PosternError('not_found', { detail: `there is no project ${project}` });
}

/**
 * Gives the row a caller means: `not_found` when there is none, `version_conflict` when the caller has read another
 * version of it.
 */
export function requireRow<T extends { version: number }>(
  kind: string,
  target: Target,
  row: T | undefined,
): T {
  if (row === undefined) {
    throw new PosternError('not_found', {
      detail: `there is no ${kind} ${target.name} in project ${target.project}`,
    });
  }
  requireVersion(kind, target, row.version);
  return row;
}

/** Fails with `version_conflict` when the caller has read another version; 0 stands for a row that does not exist. */
export function requireVersion(kind: string, target: Target, version: number): void {
  if (target.ifVersion === undefined || target.ifVersion === version) return;
  throw new PosternError('version_conflict', {
    detail:
      version === 0
        ? `${kind} ${target.name} does not exist; version ${target.ifVersion} was expected`
        : `${kind} ${target.name} is at version ${version}, not ${target.ifVersion}`,
  });
}

/** Fails with `in_use` and the users' names when there are any; a long list is cut. */
export function requireUnused(kind: string, target: Target, usedBy: readonly string[]): void {
  if (usedBy.length === 0) return;
  const named = usedBy.slice(0, USERS_NAMED_MAX).join(', ');
  const more = usedBy.length > USERS_NAMED_MAX ? ' and more' : '';
  throw new PosternError('in_use', { detail: `${kind} ${target.name} is used by ${named}${more}` });
}

/** Names in one `in_use` detail; more help nobody. */
const USERS_NAMED_MAX = 20;
