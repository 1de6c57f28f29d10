import { randomUUID } from 'node:crypto';
import { type Hostname, PosternError, type ResourceName } from '@postern/contracts';
import { and, asc, eq, inArray, isNotNull, isNull, lt, lte, sql } from 'drizzle-orm';
import type { CertificateStore, CertificateToLookAt, IssuedCertificateRecord } from '../certificates.ts';
import type { Written } from '../store.ts';
import { purgeAcmeRecords } from './acme-records.ts';
import { issuedRecordOf, updateOrder } from './certificate-orders.ts';
import { insertOrder, namesKeyOf, settleCertificates } from './certificate-use.ts';
import { HostRowsGatherer } from './host-rows.ts';
import type { StoreDatabase } from './open-database.ts';
import { recompileRoute } from './recompile-hosts.ts';
import { routes } from './schema.ts';
import { certificateOrders, certificateRevocations, issuedCertificates } from './schema-certificates.ts';
import type { WriteContext } from './write-context.ts';

const DAY_MS = 86_400_000;
/** Milliseconds. CAs forget orders after about a week. */
const PARKED_ORDERS_KEPT_MS = 7 * DAY_MS;
const REVOCATIONS_KEPT_MS = 30 * DAY_MS;
/** Rows of each table that one purge deletes at most, so that no write stalls. */
const PURGED_MAX = 1_000;

type Issued = Parameters<CertificateStore['saveIssuedCertificate']>[0];

/** A successor keeps the id of the certificate it follows, so that it is one change and the documents of its hosts stay. */
export function saveIssuedCertificate(
  context: WriteContext,
  issued: Issued,
): Written<IssuedCertificateRecord> {
  const { db, log, now } = context;
  const { orderId, issuer, document, renewAt, ariCertId } = issued;
  const order = db.select().from(certificateOrders).where(eq(certificateOrders.id, orderId)).get();
  if (order === undefined) {
    throw new PosternError('not_found', {
      detail: `nobody wants a certificate for ${issued.names.join(', ')} any more`,
    });
  }
  const { project } = order;
  const namesKey = namesKeyOf(issued.names);
  const key = and(eq(issuedCertificates.project, project), eq(issuedCertificates.namesKey, namesKey));
  const present = db.select().from(issuedCertificates).where(key).get();
  const row: typeof issuedCertificates.$inferSelect = {
    id: present?.id ?? randomUUID(),
    project,
    namesKey,
    issuer,
    document,
    notAfter: Date.parse(document.notAfter),
    renewAt,
    lookAt: 0,
    ariCertId,
    replacedReason: present === undefined ? null : (order.renewReason ?? 'due'),
    revokedAt: null,
    createdAt: now,
  };
  db.insert(issuedCertificates)
    .values(row)
    .onConflictDoUpdate({ target: issuedCertificates.id, set: row })
    .run();
  const own = order.namesKey === namesKey ? order : orderFor(context, project, issued.names);
  for (const { id } of new Set([order, own])) {
    updateOrder(context, id, {
      state: 'issued',
      attempts: 0,
      nextAttemptAt: renewAt,
      lastError: null,
      issuer,
      orderUrl: null,
      sealedKey: null,
      renewReason: null,
    });
  }
  recompileHostsOf(context, project, settleCertificates(context, project, issued.names));
  return { record: issuedRecordOf(row), created: present === undefined, revision: log.revision(), job: null };
}

/** The order of a set of names, made where there is none. */
function orderFor({ db, now }: WriteContext, project: ResourceName, names: readonly Hostname[]) {
  const present = db
    .select()
    .from(certificateOrders)
    .where(and(eq(certificateOrders.project, project), eq(certificateOrders.namesKey, namesKeyOf(names))))
    .get();
  return present ?? insertOrder(db, project, names, now, false);
}

function recompileHostsOf(context: WriteContext, project: ResourceName, names: readonly Hostname[]): void {
  const gatherer = new HostRowsGatherer(context.db);
  const found = context.db
    .select()
    .from(routes)
    .where(and(eq(routes.project, project), inArray(routes.host, [...names])))
    .all();
  for (const route of found) recompileRoute(context, gatherer, route);
}

export function listCertificatesToLookAt(
  db: StoreDatabase,
  now: number,
  limit: number,
): CertificateToLookAt[] {
  return db
    .select({ issued: issuedCertificates, unusedSince: certificateOrders.unusedSince })
    .from(issuedCertificates)
    .innerJoin(
      certificateOrders,
      and(
        eq(certificateOrders.project, issuedCertificates.project),
        eq(certificateOrders.namesKey, issuedCertificates.namesKey),
      ),
    )
    .where(lte(issuedCertificates.lookAt, now))
    .orderBy(asc(issuedCertificates.lookAt))
    .limit(limit)
    .all()
    .map(({ issued, unusedSince }) => ({ ...issuedRecordOf(issued), isUsed: unusedSince === null }));
}

export function noteLooks(
  { db }: WriteContext,
  looks: readonly { readonly id: string; readonly at: number }[],
): void {
  const note = db
    .update(issuedCertificates)
    .set({ lookAt: sql`${sql.placeholder('at')}` })
    .where(eq(issuedCertificates.id, sql.placeholder('id')))
    .prepare();
  for (const { id, at } of looks) note.run({ id, at });
}

export function noteRevoked(context: WriteContext, certificateId: string): void {
  const { db, now } = context;
  const [issued] = db
    .update(issuedCertificates)
    .set({ revokedAt: now })
    .where(and(eq(issuedCertificates.id, certificateId), isNull(issuedCertificates.revokedAt)))
    .returning()
    .all();
  if (issued === undefined) return;
  const { project, namesKey } = issued;
  const order = db
    .select()
    .from(certificateOrders)
    .where(and(eq(certificateOrders.project, project), eq(certificateOrders.namesKey, namesKey)))
    .get();
  if (order === undefined) return;
  updateOrder(context, order.id, {
    renewReason: 'revoked',
    nextAttemptAt: Math.min(order.nextAttemptAt, now),
  });
  // Another certificate may cover its names.
  recompileHostsOf(context, project, settleCertificates(context, project, issuedRecordOf(issued).names));
}

export function purgeCertificates({ db, now }: WriteContext): number {
  const unused = isNotNull(certificateOrders.unusedSince);
  const expired = db
    .select({ id: certificateOrders.id, certificateId: issuedCertificates.id })
    .from(certificateOrders)
    .innerJoin(
      issuedCertificates,
      and(
        eq(issuedCertificates.project, certificateOrders.project),
        eq(issuedCertificates.namesKey, certificateOrders.namesKey),
      ),
    )
    .where(and(unused, lt(issuedCertificates.notAfter, now)))
    .limit(PURGED_MAX)
    .all();
  const abandoned = db
    .select({ id: certificateOrders.id })
    .from(certificateOrders)
    .leftJoin(
      issuedCertificates,
      and(
        eq(issuedCertificates.project, certificateOrders.project),
        eq(issuedCertificates.namesKey, certificateOrders.namesKey),
      ),
    )
    .where(and(lt(certificateOrders.unusedSince, now - PARKED_ORDERS_KEPT_MS), isNull(issuedCertificates.id)))
    .limit(PURGED_MAX)
    .all();
  const orders = [...expired, ...abandoned].map(({ id }) => id);
  const certificates = expired.map(({ certificateId }) => certificateId);
  db.delete(certificateOrders).where(inArray(certificateOrders.id, orders)).run();
  db.delete(issuedCertificates).where(inArray(issuedCertificates.id, certificates)).run();
  const settled = db
    .delete(certificateRevocations)
    .where(lt(certificateRevocations.settledAt, now - REVOCATIONS_KEPT_MS))
    .run();
  return orders.length + settled.changes + purgeAcmeRecords(db, now);
}
