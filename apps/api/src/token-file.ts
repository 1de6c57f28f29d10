import { PosternError } from '@postern/contracts';
import { readPrivateFile, writePrivateFile } from '@postern/runtime';
import type { Store, TokenRecord } from '@postern/store';
import { hashToken, isUsable, makeToken } from './authenticate.ts';

const FORM = /^postern_[A-Za-z0-9_-]{43}$/;

/**
 * Makes sure that a file holds a usable token of a scope and that the store knows it; the store only gets its hash.
 * A token the store does not know (a restored database) is entered again. A missing file, and one whose token is revoked
 * or expired, gets a new token, and the one that was stored under the same name (that of the scope) is revoked.
 */
export async function ensureTokenFile(
  store: Pick<Store, 'createToken' | 'findToken' | 'replaceToken'>,
  file: string,
  scope: TokenRecord['scope'],
  now: number,
): Promise<void> {
  const present = readPrivateFile(file)?.toString('utf8').trim();
  if (present !== undefined) {
    if (!FORM.test(present)) {
      throw new PosternError('unavailable', { detail: `${file} holds no token; delete it to get a new one` });
    }
    const hash = hashToken(present);
    const known = await store.findToken(hash);
    if (known !== null && known.scope !== scope) {
      throw new PosternError('unavailable', {
        detail: `${file} holds a token of scope "${known.scope}", not "${scope}"; delete it to get a new one`,
      });
    }
    if (known !== null && isUsable(known, now)) return;
    if (known === null) {
      await store.replaceToken({ name: scope, scope, hash, expiresAt: null });
      return;
    }
  }
  // The file comes last: after a crash in between it is missing or useless still, and the next start makes another.
  const token = makeToken();
  await store.replaceToken({ name: scope, scope, hash: hashToken(token), expiresAt: null });
  writePrivateFile(file, `${token}\n`);
}
