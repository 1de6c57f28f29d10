import { randomBytes } from 'node:crypto';
import { PosternError } from '@postern/contracts';
import { readPrivateFile, writePrivateFile } from '@postern/runtime';
import type { Store, TokenRecord } from '@postern/store';
import { hashToken } from './authenticate.ts';

const FORM = /^postern_[A-Za-z0-9_-]{43}$/;

/**
 * Makes sure that a file holds a token of a scope and that the store knows it; the store only gets its hash.
 * A missing file gets a new token; a token the store does not know (a restored database) is entered again.
 */
export async function ensureTokenFile(
  store: Pick<Store, 'createToken' | 'findToken'>,
  file: string,
  scope: TokenRecord['scope'],
): Promise<void> {
  const present = readPrivateFile(file)?.toString('utf8').trim();
  const token = present ?? `postern_${randomBytes(32).toString('base64url')}`;
  if (!FORM.test(token)) {
    throw new PosternError('unavailable', { detail: `${file} holds no token; delete it to get a new one` });
  }
  const known = await store.findToken(hashToken(token));
  if (known === null) await store.createToken({ name: scope, scope, hash: hashToken(token) });
  else if (known.scope !== scope) {
    throw new PosternError('unavailable', {
      detail: `${file} holds a token of scope "${known.scope}", not "${scope}"; delete it to get a new one`,
    });
  }
  if (present === undefined) writePrivateFile(file, `${token}\n`);
}
