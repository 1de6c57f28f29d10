import type Database from 'better-sqlite3';
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';

/** Statements kept for one connection; all texts of the store are some 300, but lists of values make more. */
const STATEMENTS_MAX = 500;

/**
 * The connection as drizzle is to see it: a statement is prepared at its first use and kept, by its text, where drizzle would prepare it at every call.
 * The longest unused ones go. None may be read row by row (`iterate`), and none is used with and without `raw`.
 */
export function keepStatements(connection: Database.Database): Database.Database {
  const known = new Map<string, Database.Statement>();
  const prepare = (text: string): Database.Statement => {
    const statement = known.get(text) ?? connection.prepare(text);
    known.delete(text);
    known.set(text, statement);
    const [oldest] = known.keys();
    if (known.size > STATEMENTS_MAX && oldest !== undefined) known.delete(oldest);
    return statement;
  };
  return Object.create(connection, { prepare: { value: prepare } });
}

/** A query that is built at its first use with each database and kept: to build it takes longer than to run it. Its values are `sql.placeholder`s. */
export function prepareOnce<Query>(build: (db: StoreDatabase) => Query): (db: StoreDatabase) => Query {
  const known = new WeakMap<StoreDatabase, Query>();
  return (db) => {
    const query = known.get(db) ?? build(db);
    known.set(db, query);
    return query;
  };
}

/** True of rows whose column is one of a list of texts: the value of the placeholder is the list as JSON, since a kept query has room for any number. */
export function isInList(column: SQLWrapper, placeholder: string): SQL {
  return sql`${column} in (select value from json_each(${sql.placeholder(placeholder)}))`;
}
