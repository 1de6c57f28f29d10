import { randomUUID } from 'node:crypto';
import type { Hostname, ResourceName } from '@postern/contracts';
import { and, eq, inArray, isNotNull, sql } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';
import { isInList, prepareOnce, unseenByPlanner } from './prepare-once.ts';
import { hostnames, routes } from './schema.ts';
import {
  certificateNames,
  certificateOrders,
  isNameUsed,
  issuedCertificates,
} from './schema-certificates.ts';
import type { WriteContext } from './write-context.ts';

type OrderColumns = typeof certificateOrders.$inferSelect;
type IssuedColumns = typeof issuedCertificates.$inferSelect;

/** An order that covers some of the names, with its certificate. */
interface Candidate {
  readonly order: OrderColumns;
  readonly issued: IssuedColumns | undefined;
  readonly names: readonly Hostname[];
}

/** Stands for no order: ids are never empty. */
const NO_ORDER = '';

/** How a set of names is written where rows are found by it. */
export function namesKeyOf(names: readonly Hostname[]): string {
  return [...new Set(names)].sort().join(',');
}

export function namesOfKey(namesKey: string): Hostname[] {
  return namesKey.split(',') as Hostname[];
}

/**
 * Decides anew by which certificate each of the names is served, after routes or certificates of the project have changed:
 * by the one that is valid for longest. A name that wants a certificate and is in no order gets an order of its own. What is
 * no longer used is parked: edges forget it, nothing is ordered for it, and it comes back when a route serves one of its names again.
 *
 * Gives the names whose hosts may follow from it. Their documents are for the caller to compile.
 */
export function settleCertificates(
  context: WriteContext,
  project: ResourceName,
  changed: readonly Hostname[],
): Hostname[] {
  const { db } = context;
  const names = namesTogetherWith(db, project, changed);
  const wanted = namesWanted(db, project, names);
  const candidates = candidatesFor(db, project, names);
  for (const name of names) {
    const covering = candidates.filter((candidate) => candidate.names.includes(name));
    if (covering.length > 0) {
      const chosen = wanted.has(name) ? best(covering, context.now) : undefined;
      setUsed(db, project, name, chosen?.order.id);
    } else if (wanted.has(name)) {
      insertOrder(db, project, [name], context.now, true);
    }
  }
  for (const candidate of candidates) parkOrWake(context, candidate);
  return names;
}

/** The ids of the orders of a project that hold some of the names. */
const orderIdsOfNames = (db: StoreDatabase) =>
  db
    .select({ id: certificateNames.orderId })
    .from(certificateNames)
    .where(
      and(eq(certificateNames.project, sql.placeholder('project')), isInList(certificateNames.name, 'names')),
    );

const namesSharingOrders = prepareOnce((db) =>
  db
    .select({ name: certificateNames.name })
    .from(certificateNames)
    .where(inArray(certificateNames.orderId, orderIdsOfNames(db)))
    .prepare(),
);

const servedRoutes = prepareOnce((db) =>
  db
    .select({ host: routes.host, spec: routes.spec })
    .from(routes)
    .innerJoin(hostnames, eq(hostnames.name, routes.host))
    .where(
      and(
        isInList(routes.host, 'names'),
        // The sign keeps the index by project out of it, which leads to all hosts there are.
        sql`+${routes.project} = ${sql.placeholder('project')}`,
        isNotNull(hostnames.verifiedAt),
      ),
    )
    .prepare(),
);

const ordersOfNames = prepareOnce((db) =>
  db
    .select()
    .from(certificateOrders)
    .leftJoin(
      issuedCertificates,
      and(
        eq(issuedCertificates.project, certificateOrders.project),
        eq(issuedCertificates.namesKey, certificateOrders.namesKey),
      ),
    )
    .where(inArray(certificateOrders.id, orderIdsOfNames(db)))
    .prepare(),
);

const usedNameOfOrder = prepareOnce((db) =>
  db
    .select({ name: certificateNames.name })
    .from(certificateNames)
    .where(and(eq(certificateNames.orderId, sql.placeholder('order')), isNameUsed))
    .prepare(),
);

const isThatOrder = sql`${certificateNames.orderId} = ${sql.placeholder('order')}`;

/** Writes rows that differ alone. */
const useNameByOrder = prepareOnce((db) =>
  db
    .update(certificateNames)
    .set({ used: isThatOrder })
    .where(
      and(
        eq(certificateNames.project, sql.placeholder('project')),
        eq(certificateNames.name, sql.placeholder('name')),
        sql`${certificateNames.used} <> (${isThatOrder})`,
      ),
    )
    .prepare(),
);

const issuedOfHost = prepareOnce((db) =>
  db
    .select({ id: issuedCertificates.id })
    .from(certificateNames)
    .innerJoin(certificateOrders, eq(certificateOrders.id, certificateNames.orderId))
    .innerJoin(
      issuedCertificates,
      and(
        eq(issuedCertificates.project, certificateOrders.project),
        eq(issuedCertificates.namesKey, certificateOrders.namesKey),
      ),
    )
    .where(
      and(
        eq(certificateNames.project, unseenByPlanner('project')),
        eq(certificateNames.name, unseenByPlanner('host')),
        isNameUsed,
      ),
    )
    .prepare(),
);

/** The names, and all that share an order with one of them. */
function namesTogetherWith(
  db: StoreDatabase,
  project: ResourceName,
  changed: readonly Hostname[],
): Hostname[] {
  const sharing = namesSharingOrders(db).all({ project, names: JSON.stringify(changed) });
  return [...new Set([...changed, ...sharing.map(({ name }) => name)])];
}

/** Those of the names that are verified, and that a route of the project serves without a certificate of its own. */
function namesWanted(db: StoreDatabase, project: ResourceName, names: readonly Hostname[]): Set<Hostname> {
  const rows = servedRoutes(db).all({ project, names: JSON.stringify(names) });
  return new Set(
    rows.filter(({ spec }) => spec.tls?.serverCertificate === undefined).map(({ host }) => host),
  );
}

function candidatesFor(db: StoreDatabase, project: ResourceName, names: readonly Hostname[]): Candidate[] {
  return ordersOfNames(db)
    .all({ project, names: JSON.stringify(names) })
    .map((row) => ({
      order: row.certificate_orders,
      issued: row.issued_certificates ?? undefined,
      names: namesOfKey(row.certificate_orders.namesKey),
    }));
}

/** Valid before revoked before expired before none; then what holds for longest; then what has most names. */
function best(candidates: readonly Candidate[], now: number): Candidate | undefined {
  const rank = ({ issued }: Candidate): number => {
    if (issued === undefined) return 0;
    if (issued.notAfter <= now) return 1;
    return issued.revokedAt === null ? 3 : 2;
  };
  const ordered = candidates.toSorted(
    (a, b) =>
      rank(b) - rank(a) ||
      (b.issued?.notAfter ?? 0) - (a.issued?.notAfter ?? 0) ||
      b.names.length - a.names.length ||
      (a.order.id < b.order.id ? -1 : 1),
  );
  return ordered[0];
}

/** A new order; `used`: routes serve its names by it. */
export function insertOrder(
  db: StoreDatabase,
  project: ResourceName,
  names: readonly Hostname[],
  now: number,
  used: boolean,
): OrderColumns {
  const order: OrderColumns = {
    id: randomUUID(),
    project,
    namesKey: namesKeyOf(names),
    state: 'pending',
    wantedSince: now,
    stateSince: now,
    attempts: 0,
    nextAttemptAt: now,
    lastError: null,
    issuer: null,
    orderUrl: null,
    sealedKey: null,
    renewReason: null,
    unusedSince: used ? null : now,
  };
  db.insert(certificateOrders).values(order).run();
  for (const name of namesOfKey(order.namesKey))
    db.insert(certificateNames).values({ project, name, orderId: order.id, used }).run();
  return order;
}

function setUsed(
  db: StoreDatabase,
  project: ResourceName,
  name: Hostname,
  orderId: string | undefined,
): void {
  useNameByOrder(db).run({ project, name, order: orderId ?? NO_ORDER });
}

function parkOrWake({ db, log, now }: WriteContext, { order, issued }: Candidate): void {
  const isUsed = usedNameOfOrder(db).get({ order: order.id }) !== undefined;
  const row = eq(certificateOrders.id, order.id);
  if (isUsed) {
    if (issued !== undefined) log.put('certificate', issued.id, issued.document, now);
    if (order.unusedSince === null) return;
    const isValid = issued !== undefined && issued.notAfter > now;
    db.update(certificateOrders)
      .set({ unusedSince: null, wantedSince: isValid ? order.wantedSince : now })
      .where(row)
      .run();
    return;
  }
  if (issued !== undefined) log.bury('certificate', issued.id, now);
  if (issued === undefined && order.orderUrl === null && order.sealedKey === null) {
    // Nothing of it is worth keeping.
    db.delete(certificateOrders).where(row).run();
  } else if (order.unusedSince === null) {
    db.update(certificateOrders).set({ unusedSince: now }).where(row).run();
  }
}

/** The id of the certificate that a host of a project is served by; null while there is none. */
export function certificateIdOfHost(db: StoreDatabase, project: string, host: Hostname): string | null {
  return issuedOfHost(db).get({ project, host })?.id ?? null;
}
