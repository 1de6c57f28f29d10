import { randomUUID } from 'node:crypto';
import { LIMITS, PosternError, type ResourceName } from '@postern/contracts';
import { and, asc, count, eq, gt, isNull, ne, or, sql } from 'drizzle-orm';
import type { TokenRecord, TokenWrite } from '../store.ts';
import type { StoreDatabase } from './open-database.ts';
import { prepareOnce } from './prepare-once.ts';
import { tokens } from './schema.ts';
import type { WriteContext } from './write-context.ts';

/** Fails with `already_exists` for a name in use or a value that was ever stored, `validation_failed` for one too many. */
export function createToken(context: WriteContext, token: TokenWrite): TokenRecord {
  const { db, now } = context;
  if (findToken(db, token.hash) !== null)
    throw new PosternError('already_exists', { detail: 'this token is stored already' });
  if (findNamed(db, token.name) !== undefined)
    throw new PosternError('already_exists', { detail: `there is a token ${token.name} already` });
  const [row] = db.select({ held: count() }).from(tokens).where(isNull(tokens.revokedAt)).all();
  if ((row?.held ?? 0) >= LIMITS.tokensMax) {
    throw new PosternError('validation_failed', {
      detail: `there are ${LIMITS.tokensMax} tokens already; revoke some`,
    });
  }
  const record: TokenRecord = {
    ...token,
    id: randomUUID(),
    edgeKey: null,
    createdAt: now,
    lastUsedAt: null,
    revokedAt: null,
  };
  db.insert(tokens).values(record).run();
  return record;
}

/** Stores a token and revokes the one that had its name. */
export function replaceToken(context: WriteContext, token: TokenWrite): TokenRecord {
  context.db
    .update(tokens)
    .set({ revokedAt: context.now })
    .where(and(eq(tokens.name, token.name), isNull(tokens.revokedAt)))
    .run();
  return createToken(context, token);
}

export function findToken(db: StoreDatabase, hash: string): TokenRecord | null {
  return tokenByHash(db).get({ hash }) ?? null;
}

const tokenByHash = prepareOnce((db) =>
  db
    .select()
    .from(tokens)
    .where(eq(tokens.hash, sql.placeholder('hash')))
    .prepare(),
);

export function getToken(db: StoreDatabase, name: ResourceName): TokenRecord {
  const record = findNamed(db, name);
  if (record === undefined) throw new PosternError('not_found', { detail: `there is no token ${name}` });
  return record;
}

export function listTokens(db: StoreDatabase): TokenRecord[] {
  return db.select().from(tokens).where(isNull(tokens.revokedAt)).orderBy(asc(tokens.name)).all();
}

export function revokeToken(
  { db, now }: WriteContext,
  name: ResourceName,
  { force }: { readonly force: boolean },
): TokenRecord {
  const record = getToken(db, name);
  if (!force && isUsableAdmin(record, now) && !hasOtherAdmin(db, record.id, now)) {
    throw new PosternError('last_admin_token', {
      detail: `${name} is the last admin token; create another one first, or force it`,
    });
  }
  db.update(tokens).set({ revokedAt: now }).where(eq(tokens.id, record.id)).run();
  return { ...record, revokedAt: now };
}

export function noteTokenUse({ db, now }: WriteContext, id: string): void {
  db.update(tokens).set({ lastUsedAt: now }).where(eq(tokens.id, id)).run();
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
        isNull(tokens.revokedAt),
        or(isNull(tokens.edgeKey), eq(tokens.edgeKey, edgeKey)),
      ),
    )
    .run();
  return result.changes === 1;
}

function findNamed(db: StoreDatabase, name: string): TokenRecord | undefined {
  return db
    .select()
    .from(tokens)
    .where(and(eq(tokens.name, name), isNull(tokens.revokedAt)))
    .get();
}

function isUsableAdmin(record: TokenRecord, now: number): boolean {
  return record.scope === 'admin' && (record.expiresAt === null || record.expiresAt > now);
}

function hasOtherAdmin(db: StoreDatabase, id: string, now: number): boolean {
  const other = db
    .select({ id: tokens.id })
    .from(tokens)
    .where(
      and(
        eq(tokens.scope, 'admin'),
        ne(tokens.id, id),
        isNull(tokens.revokedAt),
        or(isNull(tokens.expiresAt), gt(tokens.expiresAt, now)),
      ),
    )
    .get();
  return other !== undefined;
}
