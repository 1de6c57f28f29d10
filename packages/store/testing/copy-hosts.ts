import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';

/** Hosts written in one transaction. */
const COMMIT_EVERY = 5_000;

/** What one copy has in the place of what the original has, besides ids of its own. */
export type Replacements = readonly (readonly [original: string, copy: string])[];

interface CopyHostsOptions {
  /** A database that no process has open. */
  readonly file: string;
  /** The host whose rows are copied: its route, and what belongs to that route alone. */
  readonly host: string;
  /** What copy number `index` (from 0) is to be called; null ends the copying. Texts are replaced wherever they stand. */
  readonly replacementsOf: (index: number) => Replacements | null;
  /** False: the copies name the same tls-ca as the original. */
  readonly withCa: boolean;
}

/** The rows of one host: by table, a query for them by the name of the host. */
const ROWS_OF_HOST: Readonly<Record<string, string>> = {
  hostnames: 'select * from hostnames where name = ?',
  routes: 'select * from routes where host = ?',
  route_services: 'select * from route_services where route_id in (select id from routes where host = ?)',
  route_secrets: 'select * from route_secrets where route_id in (select id from routes where host = ?)',
  certificate_orders:
    'select * from certificate_orders where id in (select order_id from certificate_names where name = ?)',
  certificate_names: 'select * from certificate_names where name = ?',
  issued_certificates: 'select * from issued_certificates where names_key = ?',
};
const CA_ROWS =
  'select * from secrets where (project, name) in (select project, secret from route_secrets where route_id in (select id from routes where host = ?))';

type Row = Readonly<Record<string, unknown>>;

/**
 * Writes what the Store would for many hosts that are like one which the Store wrote, row by row, for fixtures: 100 times as fast. Every copy
 * has ids of its own, and its changes the revisions that follow. Gives how many were written.
 */
export function copyHosts({ file, host, replacementsOf, withCa }: CopyHostsOptions): number {
  const connection = new Database(file);
  try {
    connection.pragma('synchronous = OFF');
    const originals = rowsOf(connection, host, withCa);
    const inserts = new Map<string, Database.Statement>();
    const insert = (table: string, row: Row): void => {
      const columns = Object.keys(row);
      const known =
        inserts.get(table) ??
        connection.prepare(
          `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
        );
      inserts.set(table, known);
      known.run(Object.values(row));
    };
    const ids = originals.flatMap(({ row }) => (isUuid(row.id) ? [row.id] : []));
    let revision = counterOf(connection);
    let written = 0;
    for (let isMore = true; isMore; ) {
      connection.transaction(() => {
        for (let n = 0; n < COMMIT_EVERY && isMore; n += 1) {
          const wanted = replacementsOf(written);
          isMore = wanted !== null;
          if (wanted === null) break;
          const all: Replacements = [...wanted, ...ids.map((id) => [id, copiedId(id, written)] as const)];
          for (const { table, row } of originals) {
            const copy = replaceIn(row, all);
            if (table === 'changes') revision += 1;
            insert(table, table === 'changes' ? { ...copy, revision } : copy);
          }
          written += 1;
        }
        connection.prepare("update counters set value = ? where name = 'revision'").run(revision);
      })();
    }
    connection.pragma('wal_checkpoint(TRUNCATE)');
    return written;
  } finally {
    connection.close();
  }
}

function rowsOf(connection: Database.Database, host: string, withCa: boolean): { table: string; row: Row }[] {
  const queries = { ...(withCa ? { secrets: CA_ROWS } : {}), ...ROWS_OF_HOST };
  const rows = Object.entries(queries).flatMap(([table, query]) =>
    connection
      .prepare<[string], Row>(query)
      .all(host)
      .map((row) => ({ table, row })),
  );
  const changes = connection.prepare<[string, string], Row>(
    'select * from changes where kind = ? and id = ?',
  );
  const found = rows.flatMap(({ table, row }) => {
    const kind = { secrets: 'trust-bundle', issued_certificates: 'certificate', hostnames: 'host' }[table];
    const id = table === 'hostnames' ? row.name : row.id;
    const change = kind === undefined ? undefined : changes.get(kind, String(id));
    return change === undefined ? [] : [{ table: 'changes', row: change }];
  });
  return [...rows, ...found];
}

function counterOf(connection: Database.Database): number {
  return (
    connection.prepare<[], number>("select value from counters where name = 'revision'").pluck().get() ?? 0
  );
}

function replaceIn(row: Row, replacements: Replacements): Row {
  return Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      if (typeof value !== 'string') return [column, value];
      let text = value;
      for (const [original, copy] of replacements) text = text.replaceAll(original, copy);
      return [column, text];
    }),
  );
}

function isUuid(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(value);
}

/** Spread over all ids as random ones are: neighbours in an index would flatter it. */
function copiedId(id: string, index: number): string {
  const hex = createHash('md5').update(`${id} ${index}`).digest('hex');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
