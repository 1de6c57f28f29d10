import { createHash, timingSafeEqual } from 'node:crypto';
import { PosternError } from '@postern/contracts';
import type { Store, TokenRecord } from '@postern/store';

const BEARER = /^Bearer ([\x21-\x7e]{1,256})$/i;

/** SHA-256 of a token in hex: all that is ever stored of it. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/**
 * Gives the token an Authorization value names (RFC 6750 section 2.1).
 * Fails with `unauthorized` for a missing, malformed or unknown one, without saying which tokens exist.
 */
export async function authenticate(
  store: Pick<Store, 'findToken'>,
  authorization: string | null,
): Promise<TokenRecord> {
  const token = BEARER.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    throw new PosternError('unauthorized', { detail: 'send Authorization: Bearer TOKEN' });
  }
  const hash = hashToken(token);
  const record = await store.findToken(hash);
  // The lookup is by a hash the caller cannot steer; the comparison is constant in time all the same.
  if (record === null || !timingSafeEqual(Buffer.from(record.hash), Buffer.from(hash))) {
    throw new PosternError('unauthorized', { detail: 'the token is unknown or revoked' });
  }
  return record;
}
