import type Database from 'better-sqlite3';

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
