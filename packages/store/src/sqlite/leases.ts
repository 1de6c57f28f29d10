import { and, eq, sql } from 'drizzle-orm';
import { leases } from './schema.ts';
import type { WriteContext } from './write-context.ts';

/** True where the lease was free, has run out, or is this holder's already; it then lasts `ttlMs` from now. */
export function acquireLease(
  { db, now }: WriteContext,
  name: string,
  holder: string,
  ttlMs: number,
): boolean {
  const row = { name, holder, expiresAt: now + ttlMs };
  const taken = db
    .insert(leases)
    .values(row)
    .onConflictDoUpdate({
      target: leases.name,
      set: row,
      setWhere: sql`${leases.holder} = ${holder} or ${leases.expiresAt} <= ${now}`,
    })
    .run();
  return taken.changes > 0;
}

/** Gives the lease back; one that is another's by now stays. */
export function releaseLease({ db }: WriteContext, name: string, holder: string): void {
  db.delete(leases)
    .where(and(eq(leases.name, name), eq(leases.holder, holder)))
    .run();
}
