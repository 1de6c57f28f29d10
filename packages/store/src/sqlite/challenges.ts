import { CHANGE_BODIES, type Challenge, challengeId, type Revision } from '@postern/contracts';
import { and, asc, eq, isNotNull } from 'drizzle-orm';
import type { StoreDatabase } from './open-database.ts';
import { prepareOnce } from './prepare-once.ts';
import { changes } from './schema.ts';
import type { WriteContext } from './write-context.ts';

export function putChallenge({ log, now }: WriteContext, challenge: Challenge): { revision: Revision } {
  log.put('challenge', challengeId(challenge), challenge, now);
  return { revision: log.revision() };
}

export function deleteChallenges({ log, now }: WriteContext, ids: readonly string[]): void {
  for (const id of ids) log.bury('challenge', id, now);
}

/** What cannot be read is left out: no edge answers it either. */
export function listChallenges(db: StoreDatabase): { id: string; challenge: Challenge }[] {
  return allChallenges(db)
    .all()
    .flatMap(({ id, body }) => {
      const read = CHANGE_BODIES.challenge.safeParse(JSON.parse(body ?? 'null'));
      return read.success ? [{ id, challenge: read.data }] : [];
    });
}

/** Asked for after reports of edges. */
const allChallenges = prepareOnce((db) =>
  db
    .select({ id: changes.id, body: changes.body })
    .from(changes)
    .where(and(eq(changes.kind, 'challenge'), isNotNull(changes.body)))
    .orderBy(asc(changes.id))
    .prepare(),
);
