import { LIMITS } from '@postern/contracts';
import { and, asc, count, eq, gte, inArray, lt, sql } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';
import { clientHosts, clients, droppedRefusals, presentedChains, refusals } from './schema.ts';
import type { WriteContext } from './write-context.ts';

/** Rows of one table deleted at once: some ms. */
const SLICE_ROWS = 1_000;

/** How much is kept; LIMITS where a test says nothing. */
export interface LedgerBounds {
  readonly refusalKeptMs: number;
  readonly refusalsMax: number;
  readonly clientsMax: number;
  readonly strangerChainsMax: number;
}

/** Deletes at most SLICE_ROWS of each table that are too old or too many, the oldest first. True when there is more. */
export function purgeLedger({ db, now }: WriteContext, bounds: LedgerBounds = LIMITS): boolean {
  const expiry = now - bounds.refusalKeptMs;
  const done = [
    purgeRefusals(db, expiry, bounds.refusalsMax),
    purgeClients(db, bounds.clientsMax),
    purgeChains(db, false, bounds.strangerChainsMax),
    purgeChains(db, true, bounds.clientsMax),
  ];
  db.delete(droppedRefusals).where(lt(droppedRefusals.lastAt, expiry)).run();
  return done.includes(SLICE_ROWS);
}

function purgeRefusals(db: StoreDatabase, expiry: number, max: number): number {
  const tooMany = rowsOver(db.select({ rows: count() }).from(refusals).get()?.rows, max);
  const old = db
    .select({ id: refusals.id })
    .from(refusals)
    .where(tooMany > 0 ? undefined : lt(refusals.lastAt, expiry))
    .orderBy(asc(refusals.lastAt))
    .limit(tooMany > 0 ? tooMany : SLICE_ROWS);
  return db.delete(refusals).where(inArray(refusals.id, old)).run().changes;
}

function purgeClients(db: StoreDatabase, max: number): number {
  const tooMany = rowsOver(db.select({ rows: count() }).from(clients).get()?.rows, max);
  const gone = db
    .select({ project: clients.project, fingerprint: clients.fingerprint })
    .from(clients)
    .orderBy(asc(clients.lastAt))
    .limit(tooMany)
    .all();
  for (const { project, fingerprint } of gone) {
    db.delete(clients)
      .where(and(eq(clients.project, project), eq(clients.fingerprint, fingerprint)))
      .run();
    db.delete(clientHosts)
      .where(and(eq(clientHosts.project, project), eq(clientHosts.fingerprint, fingerprint)))
      .run();
  }
  return gone.length;
}

function purgeChains(db: StoreDatabase, trusted: boolean, max: number): number {
  const ofKind = eq(presentedChains.trusted, trusted);
  const tooMany = rowsOver(db.select({ rows: count() }).from(presentedChains).where(ofKind).get()?.rows, max);
  if (tooMany === 0) return 0;
  const old = db
    .select({ hash: presentedChains.hash })
    .from(presentedChains)
    .where(ofKind)
    .orderBy(asc(presentedChains.lastAt))
    .limit(tooMany);
  return db.delete(presentedChains).where(inArray(presentedChains.hash, old)).run().changes;
}

/** How many rows this slice takes of what is over the bound. */
function rowsOver(rows: number | undefined, max: number): number {
  return Math.min(Math.max(0, (rows ?? 0) - max), SLICE_ROWS);
}

/** Refusals that edges could not record, in runs that told of some since then. */
export function countDroppedRefusals(db: StoreDatabase, since: number): number {
  const row = db
    .select({ dropped: sql<number>`coalesce(sum(${droppedRefusals.count}), 0)` })
    .from(droppedRefusals)
    .where(gte(droppedRefusals.lastAt, since))
    .get();
  return row?.dropped ?? 0;
}
