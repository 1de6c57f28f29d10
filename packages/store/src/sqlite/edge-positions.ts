import { and, asc, eq, gte, lt } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';
import { edgePositions } from './schema-certificates.ts';
import type { WriteContext } from './write-context.ts';

/** Milliseconds without news after which an edge counts as gone: its API may have died. Edges report every 10 s. */
const SILENT_MS = 45_000;

export function noteEdge(
  { db, now }: WriteContext,
  edge: { readonly id: string; readonly name: string; readonly appliedRevision: number },
): void {
  const row = { ...edge, seenAt: now };
  db.insert(edgePositions).values(row).onConflictDoUpdate({ target: edgePositions.id, set: row }).run();
  db.delete(edgePositions)
    .where(lt(edgePositions.seenAt, now - SILENT_MS))
    .run();
}

export function forgetEdge({ db }: WriteContext, id: string): void {
  db.delete(edgePositions).where(eq(edgePositions.id, id)).run();
}

export function edgesBehind(db: StoreDatabase, revision: number, now: number): string[] {
  return db
    .select({ name: edgePositions.name })
    .from(edgePositions)
    .where(and(lt(edgePositions.appliedRevision, revision), gte(edgePositions.seenAt, now - SILENT_MS)))
    .orderBy(asc(edgePositions.name))
    .all()
    .map(({ name }) => name);
}
