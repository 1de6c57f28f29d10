import { LIMITS, PosternError, type ResourceName } from '@postern/contracts';
import { and, asc, desc, eq, exists, gt, gte, lt, lte, type SQL } from 'drizzle-orm';
import type { ClientHostRecord, ClientPage, ClientQuery, ClientRecord } from '../ledger.ts';
import type { StoreDatabase } from './open-database.ts';
import { clientHosts, clients, secrets } from './schema.ts';

/** Rows that one page looks at: some 20 ms, so that a rare value stalls nothing. */
const ROWS_MAX = 10_000;

/** One page of the inventory, in the order of the fingerprints. */
export function listClients(db: StoreDatabase, project: ResourceName, query: ClientQuery): ClientPage {
  const range = and(
    eq(clients.project, project),
    query.after === undefined ? undefined : gt(clients.fingerprint, query.after),
  );
  const windowEnd = db
    .select({ fingerprint: clients.fingerprint })
    .from(clients)
    .where(range)
    .orderBy(asc(clients.fingerprint))
    .limit(1)
    .offset(ROWS_MAX - 1)
    .get()?.fingerprint;
  const rows = db
    .select()
    .from(clients)
    .where(
      and(
        range,
        windowEnd === undefined ? undefined : lte(clients.fingerprint, windowEnd),
        query.expiresBefore === undefined ? undefined : lt(clients.notAfter, query.expiresBefore),
        query.since === undefined ? undefined : gte(clients.lastAt, query.since),
        seenAt(db, query),
      ),
    )
    .orderBy(asc(clients.fingerprint))
    .limit(query.limit + 1)
    .all();
  const page = rows.slice(0, query.limit);
  const next = rows.length > query.limit ? page.at(-1)?.fingerprint : windowEnd;
  return { items: page.map((row) => withHosts(db, row)), next: next ?? null };
}

export function getClient(db: StoreDatabase, project: ResourceName, fingerprint: string): ClientRecord {
  const row = db
    .select()
    .from(clients)
    .where(and(eq(clients.project, project), eq(clients.fingerprint, fingerprint)))
    .get();
  if (row !== undefined) return withHosts(db, row);
  throw new PosternError('not_found', {
    detail: `no client with the fingerprint ${fingerprint} was seen in project ${project}`,
  });
}

function withHosts(db: StoreDatabase, client: Omit<ClientRecord, 'hosts'>): ClientRecord {
  const hosts: ClientHostRecord[] = db
    .select({
      host: clientHosts.host,
      route: clientHosts.route,
      bundle: clientHosts.bundle,
      anchor: clientHosts.anchor,
      verdict: clientHosts.verdict,
      firstAt: clientHosts.firstAt,
      lastAt: clientHosts.lastAt,
      ca: secrets.name,
    })
    .from(clientHosts)
    .leftJoin(secrets, eq(secrets.id, clientHosts.bundle))
    .where(and(eq(clientHosts.project, client.project), eq(clientHosts.fingerprint, client.fingerprint)))
    .orderBy(desc(clientHosts.lastAt), asc(clientHosts.host))
    .limit(LIMITS.clientHostsMax)
    .all();
  return { ...client, hosts };
}

/** That a client was seen at one place where all that is asked of a place holds. */
function seenAt(db: StoreDatabase, { host, route, ca, since }: ClientQuery): SQL | undefined {
  if (host === undefined && route === undefined && ca === undefined) return undefined;
  return exists(
    db
      .select({ host: clientHosts.host })
      .from(clientHosts)
      .leftJoin(secrets, eq(secrets.id, clientHosts.bundle))
      .where(
        and(
          eq(clientHosts.project, clients.project),
          eq(clientHosts.fingerprint, clients.fingerprint),
          host === undefined ? undefined : eq(clientHosts.host, host),
          route === undefined ? undefined : eq(clientHosts.route, route),
          ca === undefined ? undefined : eq(secrets.name, ca),
          since === undefined ? undefined : gte(clientHosts.lastAt, since),
        ),
      ),
  );
}
