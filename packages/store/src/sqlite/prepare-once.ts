import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core';
import type { StoreDatabase } from './open-database.ts';

/** A query that is built at its first use with each database and kept: to build it takes longer than to run it. Its values are `sql.placeholder`s. */
export function prepareOnce<Query>(build: (db: StoreDatabase) => Query): (db: StoreDatabase) => Query {
  const known = new WeakMap<StoreDatabase, Query>();
  return (db) => {
    const query = known.get(db) ?? build(db);
    known.set(db, query);
    return query;
  };
}

/** The value of a placeholder in an update, in the form that the column stores. */
export function valueFor(column: SQLiteColumn, placeholder: string): SQL {
  return sql`${sql.param(sql.placeholder(placeholder), column)}`;
}

/**
 * A placeholder whose value SQLite's planner does not look at. Where it may (in joins, and beside indices of some rows), it plans the query anew
 * each time that another value is bound, which takes longer than the query.
 */
export function unseenByPlanner(placeholder: string): SQL {
  return sql`+${sql.placeholder(placeholder)}`;
}

/** True of rows whose column is one of a list of texts: the value of the placeholder is the list as JSON, since a kept query has room for any number. */
export function isInList(column: SQLWrapper, placeholder: string): SQL {
  return sql`${column} in (select value from json_each(${sql.placeholder(placeholder)}))`;
}
