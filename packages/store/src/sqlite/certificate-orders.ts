import { type Hostname, PosternError, type ResourceName } from '@postern/contracts';
import { and, asc, eq, gt, inArray, isNull, lt, lte, min, sql } from 'drizzle-orm';
import type {
  CertificateOrderPatch,
  CertificateOrderRecord,
  CertificatePage,
  CertificateQuery,
  IssuedCertificateRecord,
} from '../certificates.ts';
import { insertOrder, namesOfKey, settleCertificates } from './certificate-use.ts';
import type { StoreDatabase } from './open-database.ts';
import { isInList, prepareOnce } from './prepare-once.ts';
import { requireProject } from './record-access.ts';
import {
  certificateNames,
  certificateOrders,
  isNameUsed,
  issuedCertificates,
  orderIsPending,
} from './schema-certificates.ts';
import type { WriteContext } from './write-context.ts';

const inUse = isNull(certificateOrders.unusedSince);

export function listDueOrders(db: StoreDatabase, now: number, limit: number): CertificateOrderRecord[] {
  return recordsOf(
    db,
    selectOrders(db)
      .where(and(inUse, lte(certificateOrders.nextAttemptAt, now)))
      .orderBy(asc(certificateOrders.nextAttemptAt), asc(certificateOrders.wantedSince))
      .limit(limit)
      .all(),
  );
}

export function nextOrderAt(db: StoreDatabase): number | null {
  const row = db
    .select({ at: min(certificateOrders.nextAttemptAt) })
    .from(certificateOrders)
    .where(inUse)
    .get();
  return row?.at ?? null;
}

export function getOrder(db: StoreDatabase, id: string): CertificateOrderRecord | null {
  const [record] = recordsOf(db, selectOrders(db).where(eq(certificateOrders.id, id)).all());
  return record ?? null;
}

export function updateOrder(
  { db, now }: WriteContext,
  id: string,
  patch: CertificateOrderPatch,
): CertificateOrderRecord | null {
  const present = db.select().from(certificateOrders).where(eq(certificateOrders.id, id)).get();
  if (present === undefined) return null;
  const next = { ...present, ...patch };
  const isSame = next.state === present.state && next.lastError?.code === present.lastError?.code;
  const isWantedAnew = present.renewReason === null && next.renewReason !== null;
  db.update(certificateOrders)
    .set({
      ...next,
      stateSince: isSame ? present.stateSince : now,
      wantedSince: isWantedAnew ? now : present.wantedSince,
    })
    .where(eq(certificateOrders.id, id))
    .run();
  return getOrder(db, id);
}

export function joinOrders(context: WriteContext, ids: readonly string[]): CertificateOrderRecord {
  const { db, now } = context;
  const orders = ids.map((id) => {
    const order = getOrder(db, id);
    if (order === null) throw new PosternError('not_found', { detail: `there is no order ${id}` });
    return order;
  });
  const [first] = orders;
  if (first === undefined) throw new PosternError('not_found', { detail: 'there are no orders to join' });
  for (const order of orders) {
    const isBegun = order.certificate !== null || order.orderUrl !== null || order.sealedKey !== null;
    if (isBegun || order.project !== first.project)
      throw new PosternError('in_use', { detail: `the order for ${order.names.join(', ')} stands alone` });
  }
  if (orders.length === 1) return first;
  const names = orders.flatMap((order) => order.names);
  db.delete(certificateOrders)
    .where(inArray(certificateOrders.id, [...ids]))
    .run();
  const { id } = insertOrder(db, first.project, names, now, false);
  db.update(certificateOrders)
    .set({ wantedSince: Math.min(...orders.map((order) => order.wantedSince)) })
    .where(eq(certificateOrders.id, id))
    .run();
  settleCertificates(context, first.project, names);
  return getOrder(db, id) ?? first;
}

export function listCertificates(
  db: StoreDatabase,
  project: ResourceName,
  query: CertificateQuery,
): CertificatePage {
  requireProject(db, project);
  const { limit, after, pending, expiresBefore } = query;
  const rows = selectOrders(db)
    .where(
      and(
        eq(certificateOrders.project, project),
        after === undefined ? undefined : gt(certificateOrders.namesKey, after),
        pending === true ? orderIsPending : undefined,
        expiresBefore === undefined ? undefined : lt(issuedCertificates.notAfter, expiresBefore),
      ),
    )
    .orderBy(asc(certificateOrders.namesKey))
    .limit(limit + 1)
    .all();
  const items = recordsOf(db, rows.slice(0, limit));
  return { items, next: rows.length > limit ? (items.at(-1)?.names.join(',') ?? null) : null };
}

export function getCertificate(
  db: StoreDatabase,
  project: ResourceName,
  name: Hostname,
): CertificateOrderRecord {
  requireProject(db, project);
  const used = ordersOfNames(db, project, [name]).get(name);
  if (used !== undefined) return used;
  const [parked] = recordsOf(
    db,
    selectOrders(db)
      .innerJoin(certificateNames, eq(certificateNames.orderId, certificateOrders.id))
      .where(and(eq(certificateNames.project, project), eq(certificateNames.name, name)))
      .orderBy(asc(issuedCertificates.notAfter))
      .all()
      .slice(-1),
  );
  if (parked !== undefined) return parked;
  throw new PosternError('not_found', {
    detail: `Postern has no certificate for ${name} in project ${project}, and gets none`,
  });
}

const usesOfNames = prepareOnce((db) =>
  db
    .select({ name: certificateNames.name, orderId: certificateNames.orderId })
    .from(certificateNames)
    .where(
      and(
        eq(certificateNames.project, sql.placeholder('project')),
        isInList(certificateNames.name, 'names'),
        isNameUsed,
      ),
    )
    .prepare(),
);

const ordersById = prepareOnce((db) =>
  selectOrders(db).where(isInList(certificateOrders.id, 'ids')).prepare(),
);

const usedNamesOfOrders = prepareOnce((db) =>
  db
    .select({ name: certificateNames.name, orderId: certificateNames.orderId })
    .from(certificateNames)
    .where(and(isInList(certificateNames.orderId, 'orders'), isNameUsed))
    .orderBy(asc(certificateNames.name))
    .prepare(),
);

/** The orders by which names of a project are served now; a name that none serves is absent. */
export function ordersOfNames(
  db: StoreDatabase,
  project: string,
  names: readonly Hostname[],
): Map<Hostname, CertificateOrderRecord> {
  const uses = usesOfNames(db).all({ project, names: JSON.stringify(names) });
  const ids = JSON.stringify([...new Set(uses.map(({ orderId }) => orderId))]);
  const byId = new Map(recordsOf(db, ordersById(db).all({ ids })).map((order) => [order.id, order]));
  return new Map(
    uses.flatMap(({ name, orderId }) => {
      const order = byId.get(orderId);
      return order === undefined ? [] : [[name, order] as const];
    }),
  );
}

export function requestRenewal(
  context: WriteContext,
  project: ResourceName,
  name: Hostname,
): CertificateOrderRecord {
  requireProject(context.db, project);
  const order = ordersOfNames(context.db, project, [name]).get(name);
  const wanted =
    order === undefined
      ? null
      : updateOrder(context, order.id, {
          nextAttemptAt: Math.min(order.nextAttemptAt, context.now),
          ...(order.certificate === null ? {} : { renewReason: order.renewReason ?? ('requested' as const) }),
        });
  if (wanted !== null) return wanted;
  throw new PosternError('not_found', {
    detail: `no route of project ${project} serves ${name} by a certificate that Postern gets`,
  });
}

function selectOrders(db: StoreDatabase) {
  return db
    .select({ order: certificateOrders, issued: issuedCertificates })
    .from(certificateOrders)
    .leftJoin(
      issuedCertificates,
      and(
        eq(issuedCertificates.project, certificateOrders.project),
        eq(issuedCertificates.namesKey, certificateOrders.namesKey),
      ),
    )
    .$dynamic();
}

interface OrderRow {
  readonly order: typeof certificateOrders.$inferSelect;
  readonly issued: typeof issuedCertificates.$inferSelect | null;
}

function recordsOf(db: StoreDatabase, rows: readonly OrderRow[]): CertificateOrderRecord[] {
  if (rows.length === 0) return [];
  const used = usedNamesOfOrders(db).all({ orders: JSON.stringify(rows.map(({ order }) => order.id)) });
  const namesOf = Map.groupBy(used, ({ orderId }) => orderId);
  return rows.map(({ order: { namesKey, unusedSince: _, ...order }, issued }) => ({
    ...order,
    names: namesOfKey(namesKey),
    usedNames: (namesOf.get(order.id) ?? []).map(({ name }) => name),
    certificate: issued === null ? null : issuedRecordOf(issued),
  }));
}

export function issuedRecordOf({
  namesKey,
  notAfter: _,
  lookAt: __,
  ...issued
}: typeof issuedCertificates.$inferSelect): IssuedCertificateRecord {
  return { ...issued, names: namesOfKey(namesKey) };
}
