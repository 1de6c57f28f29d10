import type { LedgerReport } from '@postern/contracts';
import { eq, getTableColumns, sql } from 'drizzle-orm';
import type { SQLiteTable } from 'drizzle-orm/sqlite-core';
import type { StoreDatabase } from './open-database.ts';
import { clientHosts, clients, counters, droppedRefusals, presentedChains, refusals } from './schema.ts';
import type { WriteContext } from './write-context.ts';

/**
 * Stores what an edge reports. Counts and times only ever grow towards what is reported, so that a report that comes twice,
 * or late, changes nothing. An entry belongs to the edge that made it.
 */
export function takeLedger({ db, now }: WriteContext, report: LedgerReport): void {
  const { edge, run, dropped } = report;
  const statements = statementsOf(db);
  for (const chain of report.chains) statements.chain.run({ ...chain, lastAt: now });
  let seq = ledgerSeq(db);
  for (const { chain: chainHash, phase = null, observedMatch = null, ...refusal } of report.refusals) {
    seq += 1;
    const told = { ...refusal, ...timesOf(refusal, now), phase, observedMatch };
    statements.refusal.run({ ...told, seq, edge, chainHash });
  }
  if (report.refusals.length > 0) {
    db.insert(counters)
      .values({ name: 'ledger', value: seq })
      .onConflictDoUpdate({ target: counters.name, set: { value: seq } })
      .run();
  }
  for (const { chain: chainHash, ...sighting } of report.sightings) {
    const seen = { ...sighting, ...timesOf(sighting, now), chainHash };
    statements.client.run(seen);
    statements.clientHost.run(seen);
  }
  if (dropped > 0) {
    db.insert(droppedRefusals)
      .values({ edge, run, count: dropped, lastAt: now })
      .onConflictDoUpdate({
        target: [droppedRefusals.edge, droppedRefusals.run],
        set: { count: dropped, lastAt: now },
        setWhere: sql`excluded.count > ${droppedRefusals.count}`,
      })
      .run();
  }
}

/** The `seq` of the latest news. */
export function ledgerSeq(db: StoreDatabase): number {
  return (
    db.select({ value: counters.value }).from(counters).where(eq(counters.name, 'ledger')).get()?.value ?? 0
  );
}

/** Prepared once: building a statement costs ten times what running it does, and a report has hundreds of rows. */
const prepared = new WeakMap<StoreDatabase, ReturnType<typeof prepareStatements>>();

function statementsOf(db: StoreDatabase) {
  const statements = prepared.get(db) ?? prepareStatements(db);
  prepared.set(db, statements);
  return statements;
}

function prepareStatements(db: StoreDatabase) {
  const isNewer = sql`excluded.last_at >= ${clientHosts.lastAt}`;
  return {
    chain: db
      .insert(presentedChains)
      .values(placeholdersFor(presentedChains))
      .onConflictDoUpdate({
        target: presentedChains.hash,
        set: {
          lastAt: sql`excluded.last_at`,
          trusted: sql`${presentedChains.trusted} or excluded.trusted`,
        },
      })
      .prepare(),
    refusal: db
      .insert(refusals)
      .values(placeholdersFor(refusals))
      .onConflictDoUpdate({
        target: refusals.id,
        set: {
          seq: sql`excluded.seq`,
          count: sql`excluded.count`,
          lastAt: sql`max(${refusals.lastAt}, excluded.last_at)`,
        },
        setWhere: sql`excluded.edge = ${refusals.edge} and excluded.count > ${refusals.count}`,
      })
      .prepare(),
    client: db
      .insert(clients)
      .values(placeholdersFor(clients))
      .onConflictDoUpdate({
        target: [clients.project, clients.fingerprint],
        set: {
          firstAt: sql`min(${clients.firstAt}, excluded.first_at)`,
          lastAt: sql`max(${clients.lastAt}, excluded.last_at)`,
          chainHash: sql`coalesce(excluded.chain_hash, ${clients.chainHash})`,
        },
      })
      .prepare(),
    clientHost: db
      .insert(clientHosts)
      .values(placeholdersFor(clientHosts))
      .onConflictDoUpdate({
        target: [
          clientHosts.project,
          clientHosts.fingerprint,
          clientHosts.host,
          clientHosts.bundle,
          clientHosts.anchor,
        ],
        set: {
          route: sql`iif(${isNewer}, excluded.route, ${clientHosts.route})`,
          verdict: sql`iif(${isNewer}, excluded.verdict, ${clientHosts.verdict})`,
          firstAt: sql`min(${clientHosts.firstAt}, excluded.first_at)`,
          lastAt: sql`max(${clientHosts.lastAt}, excluded.last_at)`,
        },
      })
      .prepare(),
  };
}

/** A value for each column, under the column's name. */
function placeholdersFor<T extends SQLiteTable>(table: T): T['$inferInsert'] {
  const columns = Object.keys(getTableColumns(table));
  return Object.fromEntries(columns.map((column) => [column, sql.placeholder(column)])) as T['$inferInsert'];
}

/** No time lies ahead of ours, or it would outlive what is deleted by age. */
function timesOf({ firstAt, lastAt }: { firstAt: number; lastAt: number }, now: number) {
  const last = Math.min(lastAt, now);
  return { firstAt: Math.min(firstAt, last), lastAt: last };
}
