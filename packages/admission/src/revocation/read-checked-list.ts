import type { CrlDocument } from '@postern/contracts';
import { readRevocationList } from '@postern/pki/plain';
import type { CheckedList } from './judge-revocation.ts';

/**
 * Reads the document of a revocation list, called `name`. Throws an Error that says what is wrong: it cannot be read, or the key of the
 * document did not sign it.
 */
export function readCheckedList(name: string, { policy, list: text, signerKey }: CrlDocument): CheckedList {
  const signerKeyDer = Buffer.from(signerKey, 'base64');
  const list = readRevocationList(Buffer.from(text, 'base64'));
  if (!list.isSignedBy(signerKeyDer)) throw new Error('it is not signed by its CA');
  return { name, policy, list, signerKeyDer };
}
