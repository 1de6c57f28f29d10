import { eq } from 'drizzle-orm';
import type { AuthorityRecord } from '../store.ts';
import type { StoreDatabase } from './open-database.ts';
import { authorities } from './schema.ts';
import type { WriteContext } from './write-context.ts';

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
