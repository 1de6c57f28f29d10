import { X509Certificate } from 'node:crypto';
import { newMasterKey } from '@postern/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LOCAL_AUTHORITY, openLocalIssuer } from './local-issuer.ts';
import { issueFor, WorkerHarness } from './testing/worker-harness.ts';

let harness: WorkerHarness;
beforeEach(() => {
  harness = new WorkerHarness();
});
afterEach(() => harness.dispose());

test('the authority is made once, its key lies sealed, and later openings issue from the same one', async () => {
  const store = await harness.open();
  const before = await harness.openIssuer(store);
  const authority = await store.getAuthority(LOCAL_AUTHORITY);
  expect(authority?.sealedKey).not.toContain('PRIVATE KEY');
  const after = await harness.openIssuer(await harness.open());
  expect(await store.getAuthority(LOCAL_AUTHORITY)).toEqual(authority);
  const ca = new X509Certificate(authority?.certPem ?? '');
  for (const issuer of [before, after]) {
    const { chainPem } = await issueFor(issuer, 'a.localhost');
    expect(new X509Certificate(chainPem).verify(ca.publicKey)).toBe(true);
  }
});

test('several that open an empty store at the same time agree on one authority', async () => {
  const stores = [await harness.open(), await harness.open(), await harness.open()];
  const issuers = await Promise.all(stores.map((store) => harness.openIssuer(store)));
  const ca = new X509Certificate((await stores[0]?.getAuthority(LOCAL_AUTHORITY))?.certPem ?? '');
  for (const issuer of issuers) {
    const { chainPem } = await issueFor(issuer, 'a.localhost');
    expect(new X509Certificate(chainPem).verify(ca.publicKey)).toBe(true);
  }
});

test('another master key opens nothing: the issuer does not start, and says what is wrong', async () => {
  const store = await harness.open();
  await harness.openIssuer(store);
  const opening = openLocalIssuer({ store, masterKey: newMasterKey(), now: Date.now, random: () => 0 });
  await expect(opening).rejects.toMatchObject({ detail: expect.stringContaining('master key') });
});
