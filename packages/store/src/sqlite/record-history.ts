import { findFieldChanges, LIMITS, type WriteConflict } from '@postern/contracts';
import { and, eq, lte, sql } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';
import { prepareOnce } from './prepare-once.ts';
import { formerVersions, type routes, type secrets, type services } from './schema.ts';
import type { WriteContext } from './write-context.ts';

/** A stored row of any kind. */
export type ResourceRow =
  | typeof routes.$inferSelect
  | typeof secrets.$inferSelect
  | typeof services.$inferSelect;

/** What of a row its owner has written, in the places where the resource shows it; never a secret's values. */
export function contentOf(row: ResourceRow): object {
  const { labels } = row;
  return 'spec' in row ? { labels, spec: row.spec } : { labels, type: row.type, details: row.details };
}

/** Keeps what a row was before it is written anew; the oldest beyond LIMITS.versionsKept go. */
export function keepFormerVersion({ db }: WriteContext, row: ResourceRow): void {
  insertVersion(db).run({ resourceId: row.id, version: row.version, content: contentOf(row) });
  deleteVersionsUpTo(db).run({ resourceId: row.id, version: row.version - LIMITS.versionsKept });
}

const insertVersion = prepareOnce((db) =>
  db
    .insert(formerVersions)
    .values({
      resourceId: sql.placeholder('resourceId'),
      version: sql.placeholder('version'),
      content: sql.placeholder('content'),
    })
    .prepare(),
);

const deleteVersionsUpTo = prepareOnce((db) =>
  db
    .delete(formerVersions)
    .where(
      and(
        eq(formerVersions.resourceId, sql.placeholder('resourceId')),
        lte(formerVersions.version, sql.placeholder('version')),
      ),
    )
    .prepare(),
);

export function forgetFormerVersions({ db }: WriteContext, resourceId: string): void {
  db.delete(formerVersions).where(eq(formerVersions.resourceId, resourceId)).run();
}

/** Says what changed in a row since a version of it; `changes` is null when that version is not kept. */
export function conflictSince(db: StoreDatabase, row: ResourceRow, yourVersion: number): WriteConflict {
  const former = db
    .select({ content: formerVersions.content })
    .from(formerVersions)
    .where(and(eq(formerVersions.resourceId, row.id), eq(formerVersions.version, yourVersion)))
    .get();
  if (former === undefined) return conflictOf(row, yourVersion, null);
  const changes = findFieldChanges(former.content, contentOf(row));
  // Each write of a secret brings values, and of those nothing is told.
  const values = 'spec' in row ? [] : [{ pointer: '/secret', masked: true as const }];
  return conflictOf(row, yourVersion, [...changes, ...values]);
}

/** Says what stands where something else was to be created. */
export function conflictWith(row: ResourceRow, wanted: object): WriteConflict {
  return conflictOf(row, null, findFieldChanges(contentOf(row), wanted));
}

function conflictOf(
  row: ResourceRow,
  yourVersion: number | null,
  changes: WriteConflict['changes'],
): WriteConflict {
  return {
    version: row.version,
    yourVersion,
    updatedAt: new Date(row.updatedAt).toISOString(),
    updatedBy: row.updatedBy,
    changes,
  };
}
