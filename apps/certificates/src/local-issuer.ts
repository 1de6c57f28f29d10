import {
  createLocalAuthority,
  issueServerCertificate,
  openWithMasterKey,
  sealWithMasterKey,
} from '@postern/pki';
import type { Store } from '@postern/store';
import { IssueFailure } from './issue-failure.ts';
import type { Issuer } from './issuer.ts';
import { renewAtOf } from './renew-at.ts';

/** Name under which the local issuer's authority is stored; `postern ca` prints its certificate. */
export const LOCAL_AUTHORITY = 'local';

const AAD = `authority:${LOCAL_AUTHORITY}`;

/** Issues from an authority of Postern's own, made on first use and kept, sealed, in the store. */
export async function openLocalIssuer(options: {
  readonly store: Store;
  readonly masterKey: Buffer;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}): Promise<Issuer> {
  const { store, masterKey, now, random } = options;
  const stored =
    (await store.getAuthority(LOCAL_AUTHORITY)) ??
    (await store.ensureAuthority(await makeAuthority(masterKey, now())));
  const authority = {
    certPem: stored.certPem,
    keyPem: openWithMasterKey(masterKey, stored.sealedKey, AAD).toString(),
  };
  return {
    issuesFor: () => true,
    has: (issuer) => issuer === LOCAL_AUTHORITY,
    async issue({ usedNames }) {
      const [host, ...otherHosts] = usedNames;
      if (host === undefined) throw new IssueFailure('internal', 'an order without names');
      const issued = await issueServerCertificate({ authority, host, otherHosts, now: now() });
      const { keyPem, renewAt: _, ...facts } = issued;
      const sealedKey = sealWithMasterKey(masterKey, Buffer.from(keyPem), `certificate-key:issued:${host}`);
      return {
        issuer: LOCAL_AUTHORITY,
        document: { ...facts, sealedKey },
        renewAt: renewAtOf(facts, random),
        ariCertId: null,
      };
    },
    // Nobody asks the local CA about its certificates: what is revoked gets a successor, and its key is used no more.
    revoke: async () => undefined,
    renewalInfo: async () => null,
    close: () => undefined,
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
