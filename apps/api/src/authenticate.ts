import { hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { PosternError } from '@postern/contracts';
import type { Store, TokenRecord } from '@postern/store';

const BEARER = /^Bearer ([\x21-\x7e]{1,256})$/i;

/** Makes the value of a new token: 256 random bits. */
export function makeToken(): string {
  return `postern_${randomBytes(32).toString('base64url')}`;
}

/** SHA-256 of a token in hex: all that is ever stored of it. */
export function hashToken(token: string): string {
  return hash('sha256', token, 'hex');
}

/** True for a token that is neither revoked nor expired. `now`: milliseconds since 1970. */
export function isUsable(token: Pick<TokenRecord, 'revokedAt' | 'expiresAt'>, now: number): boolean {
  return token.revokedAt === null && (token.expiresAt === null || token.expiresAt > now);
}

/**
 * Gives the token an Authorization value names (RFC 6750 section 2.1).
 * Fails with `unauthorized` for a missing, malformed, unknown or revoked one, without saying which tokens exist; whoever
 * shows an expired token held it, and is told.
 */
export async function authenticate(
  store: Pick<Store, 'findToken'>,
  authorization: string | null,
  now: number,
): Promise<TokenRecord> {
  const token = BEARER.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    throw new PosternError('unauthorized', { detail: 'send Authorization: Bearer TOKEN' });
  }
  const digest = hashToken(token);
  const record = await store.findToken(digest);
  // The lookup is by a hash the caller cannot steer; the comparison is constant in time all the same.
  if (
    record === null ||
    !timingSafeEqual(Buffer.from(record.hash), Buffer.from(digest)) ||
    record.revokedAt !== null
  ) {
    throw new PosternError('unauthorized', { detail: 'the token is unknown or revoked' });
  }
  if (!isUsable(record, now)) throw new PosternError('unauthorized', { detail: 'the token has expired' });
  return record;
}
