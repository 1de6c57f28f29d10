import { and, asc, eq, gt, gte, lt, lte } from 'drizzle-orm';
import type { AcmeAccountRecord, AcmeHold } from '../certificates.ts';
import type { StoreDatabase } from './open-database.ts';
import { acmeAccounts, acmeHolds, acmeUses } from './schema-certificates.ts';
import type { WriteContext } from './write-context.ts';

/** Milliseconds: a day more than the longest window that a CA is known to have. */
const USES_KEPT_MS = 8 * 86_400_000;

export function getAcmeAccount(db: StoreDatabase, directoryUrl: string): AcmeAccountRecord | null {
  return db.select().from(acmeAccounts).where(eq(acmeAccounts.directoryUrl, directoryUrl)).get() ?? null;
}

export function ensureAcmeAccount(
  { db, now }: WriteContext,
  account: Omit<AcmeAccountRecord, 'createdAt'>,
): AcmeAccountRecord {
  const row = { ...account, createdAt: now };
  db.insert(acmeAccounts).values(row).onConflictDoNothing().run();
  return getAcmeAccount(db, account.directoryUrl) ?? row;
}

export function saveAcmeAccount(
  { db, now }: WriteContext,
  account: Omit<AcmeAccountRecord, 'createdAt'>,
): AcmeAccountRecord {
  const present = getAcmeAccount(db, account.directoryUrl);
  const row = { ...account, createdAt: present?.sealedKey === account.sealedKey ? present.createdAt : now };
  db.insert(acmeAccounts)
    .values(row)
    .onConflictDoUpdate({ target: acmeAccounts.directoryUrl, set: row })
    .run();
  return row;
}

export function noteAcmeUse({ db, now }: WriteContext, key: string): void {
  db.insert(acmeUses).values({ key, at: now }).run();
}

export function acmeUsesSince(db: StoreDatabase, key: string, since: number): number[] {
  return db
    .select({ at: acmeUses.at })
    .from(acmeUses)
    .where(and(eq(acmeUses.key, key), gte(acmeUses.at, since)))
    .orderBy(asc(acmeUses.at))
    .all()
    .map(({ at }) => at);
}

export function holdAcme({ db }: WriteContext, hold: AcmeHold): void {
  db.insert(acmeHolds).values(hold).onConflictDoUpdate({ target: acmeHolds.key, set: hold }).run();
}

export function listAcmeHolds(db: StoreDatabase, now: number): AcmeHold[] {
  return db.select().from(acmeHolds).where(gt(acmeHolds.until, now)).orderBy(asc(acmeHolds.key)).all();
}

/** Deletes uses and holds that no window reaches any more; gives how many. */
export function purgeAcmeRecords(db: StoreDatabase, now: number): number {
  const uses = db
    .delete(acmeUses)
    .where(lt(acmeUses.at, now - USES_KEPT_MS))
    .run();
  const holds = db.delete(acmeHolds).where(lte(acmeHolds.until, now)).run();
  return uses.changes + holds.changes;
}
