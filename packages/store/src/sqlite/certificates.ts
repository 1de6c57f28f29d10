import { randomUUID } from 'node:crypto';
import { type Hostname, PosternError } from '@postern/contracts';
import { and, asc, eq, isNotNull, lte } from 'drizzle-orm';
import type { AuthorityRecord, IssuedCertificateRecord, Written } from '../store.ts';
import { HostRowsGatherer } from './host-rows.ts';
import type { StoreDatabase } from './open-database.ts';
import { recompileRoute } from './recompile-hosts.ts';
import { authorities, issuedCertificates, routes } from './schema.ts';
import type { WriteContext } from './write-context.ts';

export function listHostsWantingCertificate(db: StoreDatabase, now: number, limit: number): Hostname[] {
  return db
    .select({ host: routes.host })
    .from(routes)
    .where(lte(routes.certificateWantedAt, now))
    .orderBy(asc(routes.certificateWantedAt))
    .limit(limit)
    .all()
    .map(({ host }) => host);
}

/**
 * A successor keeps the id of the certificate it follows, so that it is one change and the host's document stays.
 * Fails with `not_found` when no route serves the host any more.
 */
export function saveIssuedCertificate(
  context: WriteContext,
  issued: Omit<IssuedCertificateRecord, 'id' | 'createdAt'>,
): Written<IssuedCertificateRecord> {
  const { db, log, now } = context;
  const { host, issuer, document, renewAt } = issued;
  const route = db.select().from(routes).where(eq(routes.host, host)).get();
  if (route === undefined) throw new PosternError('not_found', { detail: `no route serves ${host}` });
  const present = db
    .select({ id: issuedCertificates.id })
    .from(issuedCertificates)
    .where(eq(issuedCertificates.host, host))
    .get();
  const record = { id: present?.id ?? randomUUID(), host, issuer, document, renewAt, createdAt: now };
  db.insert(issuedCertificates)
    .values(record)
    .onConflictDoUpdate({ target: issuedCertificates.id, set: record })
    .run();
  db.update(routes)
    .set({ certificateWantedAt: renewAt })
    .where(and(eq(routes.id, route.id), isNotNull(routes.certificateWantedAt)))
    .run();
  log.put('certificate', record.id, document, now);
  recompileRoute(context, new HostRowsGatherer(db), route);
  return { record, created: present === undefined, revision: log.revision(), job: null };
}

export function getAuthority(db: StoreDatabase, name: string): AuthorityRecord | null {
  return db.select().from(authorities).where(eq(authorities.name, name)).get() ?? null;
}

export function ensureAuthority(
  { db, now }: WriteContext,
  authority: Omit<AuthorityRecord, 'createdAt'>,
): AuthorityRecord {
  const record = { ...authority, createdAt: now };
  db.insert(authorities).values(record).onConflictDoNothing().run();
  return getAuthority(db, authority.name) ?? record;
}
