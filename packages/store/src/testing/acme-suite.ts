import { describe, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { hostOf, type MakeHarness, readChanges, START, type TestClock } from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

const DAY_MS = 86_400_000;

/** What the certificate worker keeps of CAs, and tells edges. */
export function describeAcme(makeHarness: MakeHarness): void {
  let clock: TestClock;
  let store: Store;
  useSuiteStore(makeHarness, (opened) => {
    ({ clock, store } = opened);
  });

  describe('accounts, windows and holds', () => {
    const account = {
      directoryUrl: 'https://ca.example/dir',
      sealedKey: 'sealed',
      nextSealedKey: null,
      accountUrl: null,
      contact: 'mailto:a@example.org',
      eabKeyId: null,
    };

    test('who begins at the same time gets one account, and what is learnt of it is kept', async () => {
      expect(await store.getAcmeAccount(account.directoryUrl)).toBeNull();
      const first = await store.ensureAcmeAccount(account);
      expect(await store.ensureAcmeAccount({ ...account, sealedKey: 'another' })).toEqual(first);
      clock.now += 1;
      const known = { ...account, accountUrl: 'https://ca.example/a/1', nextSealedKey: 'next' };
      expect(await store.saveAcmeAccount(known)).toEqual({ ...known, createdAt: START });
      expect(await store.getAcmeAccount(account.directoryUrl)).toEqual({ ...known, createdAt: START });
      const rolled = { ...known, sealedKey: 'next', nextSealedKey: null };
      expect(await store.saveAcmeAccount(rolled)).toEqual({ ...rolled, createdAt: START + 1 });
    });

    test('uses are counted over a window and forgotten after the longest; holds end', async () => {
      for (const _ of [1, 2]) {
        await store.noteAcmeUse('orders');
        clock.now += 1000;
      }
      await store.noteAcmeUse('other');
      expect(await store.acmeUses('orders', START)).toEqual([START, START + 1000]);
      expect(await store.acmeUses('orders', START + 1)).toEqual([START + 1000]);
      await store.holdAcme({ key: 'orders', until: START + 5000, detail: 'Retry-After' });
      await store.holdAcme({ key: 'orders', until: START + 6000, detail: 'again' });
      expect(await store.listAcmeHolds(START + 5999)).toMatchObject([{ key: 'orders', detail: 'again' }]);
      expect(await store.listAcmeHolds(START + 6000)).toEqual([]);
      clock.now = START + 8 * DAY_MS + 500;
      expect(await store.purgeCertificates()).toBe(2);
      expect(await store.acmeUses('orders', 0)).toEqual([START + 1000]);
    });
  });

  describe('challenges', () => {
    const common = {
      host: hostOf('a.example.org'),
      keyAuthorization: 'TOKEN.THUMB',
      expiresAt: START + 1000,
    };
    const http = { type: 'http-01', ...common, token: 'TOKEN' } as const;
    const alpn = { type: 'tls-alpn-01', ...common } as const;

    test('travel as changes by what the CA asks for, are found again, and end as tombstones', async () => {
      const { revision } = await store.putChallenge(http);
      await store.putChallenge(alpn);
      expect(await readChanges(store)).toMatchObject([
        { kind: 'challenge', id: 'http-01:TOKEN', revision, body: http },
        { kind: 'challenge', id: 'tls-alpn-01:a.example.org', body: alpn },
      ]);
      const left = await store.listChallenges();
      expect(left.map(({ challenge }) => challenge)).toEqual([http, alpn]);
      await store.deleteChallenges([...left.map(({ id }) => id), 'http-01:never']);
      expect(await store.listChallenges()).toEqual([]);
      expect((await readChanges(store)).map(({ body }) => body)).toEqual([null, null]);
    });

    test('edges that read the feed and are behind a revision are known; those that left or fell silent are not waited for', async () => {
      await store.noteEdge({ id: '1', name: 'east', appliedRevision: 4 });
      await store.noteEdge({ id: '2', name: 'west', appliedRevision: 6 });
      expect(await store.edgesBehind(5)).toEqual(['east']);
      expect(await store.edgesBehind(7)).toEqual(['east', 'west']);
      await store.noteEdge({ id: '1', name: 'east', appliedRevision: 7 });
      expect(await store.edgesBehind(7)).toEqual(['west']);
      await store.forgetEdge('2');
      expect(await store.edgesBehind(7)).toEqual([]);
      expect(await store.edgesBehind(8)).toEqual(['east']);
      clock.now += 60_000;
      expect(await store.edgesBehind(8)).toEqual([]);
    });
  });
}
