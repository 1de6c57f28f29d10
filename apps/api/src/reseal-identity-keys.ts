import { CHANGE_BODIES, type Change } from '@postern/contracts';
import { openWithMasterKey, type SealToEdge } from '@postern/pki';
import { identityKeyUse } from './rotate-identity-keys.ts';

/** Seals the keys of identity tokens, sealed to the master key in the store, to one edge, with the AAD `edge-identity-key:ID`. */
export function resealIdentityKeys(change: Change, masterKey: Buffer, seal: SealToEdge): Change {
  const body = CHANGE_BODIES['identity-keys'].parse(change.body);
  const keys = body.keys.map((entry) => {
    const key = openWithMasterKey(masterKey, entry.sealedKey, identityKeyUse(entry.id));
    try {
      return { ...entry, sealedKey: seal(key, `edge-identity-key:${entry.id}`) };
    } finally {
      key.fill(0);
    }
  });
  return { ...change, body: { keys } };
}
