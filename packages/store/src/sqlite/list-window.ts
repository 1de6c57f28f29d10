import type { LabelRequirement, ResourceName } from '@postern/contracts';
import { and, asc, eq, gt, isNotNull, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm';
import type { ListQuery, Page } from '../list-query.ts';
import type { StoreDatabase } from './open-database.ts';
import type { routes, secrets, services } from './schema.ts';

type Table = typeof routes | typeof secrets | typeof services;

/** Rows that one page looks at for labels: 20 ms at most, so that a rare label stalls nothing. */
const LABEL_ROWS_MAX = 10_000;

/** "{" follows "z", the last character that a name may hold. */
const AFTER_ALL_NAMES = '{';

/**
 * Says which rows one page of a list is made of: a condition for them, how many to read, and how to make the page of
 * what was read. Rows are found by (project, name) alone, so a page costs the same wherever it lies.
 */
export function listWindow(
  db: StoreDatabase,
  table: Table,
  project: ResourceName,
  query: ListQuery,
): {
  readonly where: SQL | undefined;
  readonly readLimit: number;
  pageOf<T extends { readonly name: string }>(rows: readonly T[]): Page<T>;
} {
  const range = and(
    eq(table.project, project),
    query.after === undefined ? undefined : gt(table.name, query.after),
    query.namePrefix === undefined ? undefined : sql`${table.name} >= ${query.namePrefix}`,
    query.namePrefix === undefined ? undefined : lt(table.name, query.namePrefix + AFTER_ALL_NAMES),
  );
  const labels = query.labels ?? [];
  const windowEnd = labels.length === 0 ? undefined : nameAt(db, table, range, LABEL_ROWS_MAX - 1);
  return {
    where: and(
      range,
      windowEnd === undefined ? undefined : lte(table.name, windowEnd),
      ...labels.map((label) => holds(table, label)),
    ),
    // One more than wanted tells whether there is a next page.
    readLimit: query.limit + 1,
    pageOf(rows) {
      const items = rows.slice(0, query.limit);
      const next = rows.length > query.limit ? items.at(-1)?.name : windowEnd;
      return { items, next: (next as ResourceName | undefined) ?? null };
    },
  };
}

function nameAt(db: StoreDatabase, table: Table, range: SQL | undefined, offset: number): string | undefined {
  return db
    .select({ name: table.name })
    .from(table)
    .where(range)
    .orderBy(asc(table.name))
    .limit(1)
    .offset(offset)
    .get()?.name;
}

function holds(table: Table, requirement: LabelRequirement): SQL | undefined {
  const value = sql`json_extract(${table.labels}, ${`$."${requirement.key}"`})`;
  switch (requirement.operator) {
    case 'exists':
      return isNotNull(value);
    case 'absent':
      return isNull(value);
    case 'in':
      return sql`${value} in ${[...requirement.values]}`;
    case 'notIn':
      return or(isNull(value), sql`${value} not in ${[...requirement.values]}`);
  }
}
