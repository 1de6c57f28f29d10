import { PosternError, type ResourceName } from '@postern/contracts';
import { and, asc, desc, eq, gt, gte, isNotNull, isNull, lt, lte, or, type SQL } from 'drizzle-orm';
import type { RefusalFilter, RefusalPage, RefusalQuery, RefusalRecord } from '../ledger.ts';
import type { StoreDatabase } from './open-database.ts';
import { presentedChains, refusals } from './schema.ts';
import { ledgerSeq } from './take-ledger.ts';

/** Rows that one page looks at: some 20 ms, so that a rare value in a ledger of a million stalls nothing. */
const ROWS_MAX = 10_000;
/** Refusals in one part of what has come since. */
const NEWS_MAX = 1_000;

/** One page, the latest news first. */
export function listRefusals(db: StoreDatabase, project: ResourceName, query: RefusalQuery): RefusalPage {
  const range = and(
    eq(refusals.project, project),
    query.before === undefined ? undefined : lt(refusals.seq, query.before),
  );
  const windowEnd = db
    .select({ seq: refusals.seq })
    .from(refusals)
    .where(range)
    .orderBy(desc(refusals.seq))
    .limit(1)
    .offset(ROWS_MAX - 1)
    .get()?.seq;
  const rows = db
    .select()
    .from(refusals)
    .where(and(range, windowEnd === undefined ? undefined : gte(refusals.seq, windowEnd), conditionOf(query)))
    .orderBy(desc(refusals.seq))
    .limit(query.limit + 1)
    .all();
  const items = rows.slice(0, query.limit);
  const next = rows.length > query.limit ? items.at(-1)?.seq : windowEnd;
  return { items, next: next ?? null };
}

/** What has come after a place in the ledger, oldest first, and the place to go on from. */
export function refusalsAfter(
  db: StoreDatabase,
  project: ResourceName,
  seq: number | null,
  filter: RefusalFilter,
): { items: RefusalRecord[]; seq: number } {
  const end = ledgerSeq(db);
  // A place ahead of the ledger is one of a database that was since replaced.
  if (seq === null || seq > end) return { items: [], seq: end };
  const range = and(eq(refusals.project, project), gt(refusals.seq, seq));
  const windowEnd =
    db
      .select({ seq: refusals.seq })
      .from(refusals)
      .where(range)
      .orderBy(asc(refusals.seq))
      .limit(1)
      .offset(ROWS_MAX - 1)
      .get()?.seq ?? end;
  const items = db
    .select()
    .from(refusals)
    .where(and(range, lte(refusals.seq, windowEnd), conditionOf(filter)))
    .orderBy(asc(refusals.seq))
    .limit(NEWS_MAX)
    .all();
  return { items, seq: items.length === NEWS_MAX ? (items.at(-1)?.seq ?? windowEnd) : windowEnd };
}

export function getRefusal(db: StoreDatabase, project: ResourceName, id: string): RefusalRecord {
  const row = db
    .select()
    .from(refusals)
    .where(and(eq(refusals.project, project), eq(refusals.id, id)))
    .get();
  if (row !== undefined) return row;
  throw new PosternError('not_found', { detail: `project ${project} has no refusal ${id}` });
}

export function getPresentedChain(db: StoreDatabase, hash: string): readonly string[] | null {
  return db.select().from(presentedChains).where(eq(presentedChains.hash, hash)).get()?.certificates ?? null;
}

function conditionOf({
  host,
  route,
  reason,
  fingerprint,
  observed,
  observedMatch,
  since,
}: RefusalFilter): SQL | undefined {
  return and(
    host === undefined ? undefined : or(eq(refusals.host, host), eq(refusals.sni, host)),
    route === undefined ? undefined : eq(refusals.route, route),
    reason === undefined ? undefined : eq(refusals.reason, reason),
    fingerprint === undefined ? undefined : eq(refusals.fingerprint, fingerprint),
    observed === undefined ? undefined : eq(refusals.observed, observed),
    observedMatch === undefined ? undefined : (observedMatch ? isNotNull : isNull)(refusals.observedMatch),
    since === undefined ? undefined : gte(refusals.lastAt, since),
  );
}
