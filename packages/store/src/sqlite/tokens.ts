import { randomUUID } from 'node:crypto';
import { PosternError } from '@postern/contracts';
import { and, eq, isNull, or } from 'drizzle-orm';
import type { TokenRecord } from '../store.ts';
import type { StoreDatabase } from './open-database.ts';
import { tokens } from './schema.ts';
import type { WriteContext } from './write-context.ts';

/** Fails with `already_exists` when a token of this hash is stored. */
export function createToken(
  { db, now }: WriteContext,
  token: Omit<TokenRecord, 'id' | 'createdAt' | 'edgeKey'>,
): TokenRecord {
  if (findToken(db, token.hash) !== null)
    throw new PosternError('already_exists', { detail: 'this token is stored already' });
  const record: TokenRecord = { ...token, id: randomUUID(), edgeKey: null, createdAt: now };
  db.insert(tokens).values(record).run();
  return record;
}

export function findToken(db: StoreDatabase, hash: string): TokenRecord | null {
  return db.select().from(tokens).where(eq(tokens.hash, hash)).get() ?? null;
}

/** Only a token of scope `edge` can be bound. */
export function bindEdgeKey({ db }: WriteContext, tokenId: string, edgeKey: string): boolean {
  const result = db
    .update(tokens)
    .set({ edgeKey })
    .where(
      and(
        eq(tokens.id, tokenId),
        eq(tokens.scope, 'edge'),
        or(isNull(tokens.edgeKey), eq(tokens.edgeKey, edgeKey)),
      ),
    )
    .run();
  return result.changes === 1;
}
