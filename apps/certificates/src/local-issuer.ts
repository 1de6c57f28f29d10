import {
  createLocalAuthority,
  issueServerCertificate,
  openWithMasterKey,
  sealWithMasterKey,
} from '@postern/pki';
import type { Store } from '@postern/store';
import type { Issuer } from './issuer.ts';

/** Name under which the local issuer's authority is stored; `postern ca` prints its certificate. */
export const LOCAL_AUTHORITY = 'local';

const AAD = `authority:${LOCAL_AUTHORITY}`;

/** Issues from an authority of Postern's own, made on first use and kept, sealed, in the store. */
export async function openLocalIssuer(options: {
  store: Store;
  masterKey: Buffer;
  now: () => number;
}): Promise<Issuer> {
  const { store, masterKey, now } = options;
  const stored =
    (await store.getAuthority(LOCAL_AUTHORITY)) ??
    (await store.ensureAuthority(await makeAuthority(masterKey, now())));
  const authority = {
    certPem: stored.certPem,
    keyPem: openWithMasterKey(masterKey, stored.sealedKey, AAD).toString(),
  };
  return {
    name: LOCAL_AUTHORITY,
    issue: (host) => issueServerCertificate({ authority, host, now: now() }),
  };
}

async function makeAuthority(
  masterKey: Buffer,
  now: number,
): Promise<{ name: string; certPem: string; sealedKey: string }> {
  const { certPem, keyPem } = await createLocalAuthority({ name: 'Postern local CA', now });
  return {
    name: LOCAL_AUTHORITY,
    certPem,
    sealedKey: sealWithMasterKey(masterKey, Buffer.from(keyPem), AAD),
  };
}
