import type { ClientSighting, LedgerReport, RefusalReport } from '@postern/contracts';
import { LIMITS } from '@postern/contracts';
import { describe, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { refusal as refusalOf } from './refusal.ts';
import { caWrite, type MakeHarness, OTHER, SHOP, START, type TestClock } from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

const HASH = 'a'.repeat(64);

/** An id of a refusal, by a number. */
export function refusalIdOf(number: number): string {
  return `000000000-${number.toString(16).padStart(16, '0')}`;
}

export function refusalReportOf(number: number, more: Partial<RefusalReport> = {}): RefusalReport {
  return {
    id: refusalIdOf(number),
    project: 'shop',
    route: 'shop',
    host: 'shop.example.org',
    sni: 'shop.example.org',
    firstAt: START - 1_000,
    lastAt: START - 1_000,
    count: 1,
    reason: 'certificate_untrusted',
    detail: 'no path',
    rule: null,
    clientAddress: '192.0.2.1',
    fingerprint: HASH,
    subject: 'CN=a',
    issuer: 'CN=b',
    serial: '01',
    chain: HASH,
    revision: 7,
    tlsVersion: 'TLSv1.3',
    observed: false,
    various: false,
    ...more,
  };
}

export function sightingOf(fingerprint: string, more: Partial<ClientSighting> = {}): ClientSighting {
  return {
    project: 'shop',
    route: 'shop',
    host: 'shop.example.org',
    fingerprint: fingerprint.repeat(64),
    subject: 'CN=a',
    issuer: 'CN=b',
    serial: '01',
    notAfter: START + 1_000,
    bundle: 'bundle',
    anchor: HASH,
    chain: null,
    verdict: 'admit',
    firstAt: START - 1_000,
    lastAt: START - 1_000,
    ...more,
  };
}

export function ledgerReportOf(more: Partial<LedgerReport> = {}): LedgerReport {
  return { edge: 'edge', run: 'run', refusals: [], sightings: [], chains: [], dropped: 0, ...more };
}

/** Refusals and clients: what edges report is kept once, found by what is asked, and deleted in time. */
export function describeLedger(makeHarness: MakeHarness): void {
  let store: Store;
  let clock: TestClock;
  useSuiteStore(makeHarness, (opened) => {
    ({ clock, store } = opened);
  });
  const take = (...refusals: RefusalReport[]) => store.takeLedger(ledgerReportOf({ refusals }));

  describe('ledger', () => {
    test('a report that comes twice, or late, counts nothing twice', async () => {
      const chains = [{ hash: HASH, trusted: false, certificates: ['AAAA'] }];
      const report = ledgerReportOf({ refusals: [refusalReportOf(1)], chains, dropped: 3 });
      await store.takeLedger(report);
      await store.takeLedger(report);
      await take(refusalReportOf(1, { count: 5, lastAt: START }));
      await store.takeLedger(report);
      const { chain: chainHash, ...entry } = refusalReportOf(1, { count: 5, lastAt: START });
      const { items } = await store.listRefusals(SHOP, { limit: 10 });
      const untold = { phase: null, observedMatch: null };
      expect(items).toEqual([{ ...entry, ...untold, chainHash, edge: 'edge', seq: expect.any(Number) }]);
      expect(await store.countDroppedRefusals(START)).toBe(3);
      expect(await store.getPresentedChain(HASH)).toEqual(['AAAA']);
      expect(await store.getPresentedChain('b'.repeat(64))).toBeNull();
    });

    test('an edge changes no entry of another edge', async () => {
      await take(refusalReportOf(1));
      await store.takeLedger(
        ledgerReportOf({ edge: 'other', refusals: [refusalReportOf(1, { count: 99 })] }),
      );
      expect(await store.getRefusal(SHOP, refusalIdOf(1))).toMatchObject({ edge: 'edge', count: 1 });
    });

    test('a project sees its own refusals only', async () => {
      await take(refusalReportOf(1));
      expect((await store.listRefusals(OTHER, { limit: 10 })).items).toEqual([]);
      await refusalOf(store.getRefusal(OTHER, refusalIdOf(1)), 'not_found');
      expect((await store.refusalsAfter(OTHER, 0, {})).items).toEqual([]);
    });

    test('refusals are listed with the latest news first, page by page, by every filter', async () => {
      await take(
        refusalReportOf(1, { host: '*.example.org', sni: 'a.example.org', lastAt: START - 500 }),
        refusalReportOf(2, { route: 'pay', fingerprint: 'b'.repeat(64), observed: true }),
        refusalReportOf(3, { reason: 'certificate_expired' }),
      );
      const idsOf = async (query: object) =>
        (await store.listRefusals(SHOP, { limit: 10, ...query })).items.map(({ id }) => Number(id.slice(-1)));
      expect(await idsOf({})).toEqual([3, 2, 1]);
      expect(await idsOf({ host: '*.example.org' })).toEqual([1]);
      expect(await idsOf({ host: 'a.example.org' })).toEqual([1]);
      expect(await idsOf({ route: 'pay' })).toEqual([2]);
      expect(await idsOf({ fingerprint: 'b'.repeat(64) })).toEqual([2]);
      expect(await idsOf({ observed: true })).toEqual([2]);
      expect(await idsOf({ reason: 'certificate_expired' })).toEqual([3]);
      expect(await idsOf({ since: START - 500 })).toEqual([1]);
      const first = await store.listRefusals(SHOP, { limit: 2 });
      expect(first.items).toHaveLength(2);
      expect(await idsOf({ before: first.next })).toEqual([1]);
      await take(refusalReportOf(1, { count: 2 }));
      expect(await idsOf({})).toEqual([1, 3, 2]);
    });

    test('what comes after a place is told in order, what grew again', async () => {
      const start = await store.refusalsAfter(SHOP, null, {});
      expect(start.items).toEqual([]);
      let heard = 0;
      const stop = store.onLedger(() => {
        heard += 1;
      });
      await take(refusalReportOf(1), refusalReportOf(2));
      const news = await store.refusalsAfter(SHOP, start.seq, {});
      expect(news.items.map(({ id }) => id)).toEqual([refusalIdOf(1), refusalIdOf(2)]);
      await take(refusalReportOf(1, { count: 2 }));
      const later = await store.refusalsAfter(SHOP, news.seq, {});
      expect(later.items.map(({ id, count }) => [id, count])).toEqual([[refusalIdOf(1), 2]]);
      expect((await store.refusalsAfter(SHOP, later.seq, {})).items).toEqual([]);
      await Promise.resolve();
      expect(heard).toBe(2);
      stop();
    });

    test('refusals go after 30 days, also those of an edge whose clock is ahead', async () => {
      await take(refusalReportOf(1), refusalReportOf(2, { lastAt: START * 2, firstAt: START * 2 }));
      clock.now = START + LIMITS.refusalKeptMs - 1_000;
      expect(await store.purgeLedger()).toBe(false);
      expect((await store.listRefusals(SHOP, { limit: 10 })).items).toHaveLength(2);
      clock.now = START + LIMITS.refusalKeptMs + 1;
      await store.purgeLedger();
      expect((await store.listRefusals(SHOP, { limit: 10 })).items).toEqual([]);
    });
  });

  describe('clients', () => {
    test('sightings of a client are one client, with each host and CA it was seen at', async () => {
      const { record: ca } = await store.putSecret(caWrite('my-ca'));
      const older = sightingOf('a', { firstAt: START - 9_000, lastAt: START - 9_000, verdict: 'refuse' });
      const sightings = [
        sightingOf('a'),
        older,
        sightingOf('a', { host: 'pay.example.org', route: 'pay', bundle: ca.id, lastAt: START }),
      ];
      await store.takeLedger(ledgerReportOf({ sightings }));
      await store.takeLedger(ledgerReportOf({ sightings }));
      const client = await store.getClient(SHOP, 'a'.repeat(64));
      expect(client).toMatchObject({ firstAt: START - 9_000, lastAt: START, subject: 'CN=a' });
      expect(client.hosts).toMatchObject([
        { host: 'pay.example.org', ca: 'my-ca', bundle: ca.id, verdict: 'admit' },
        {
          host: 'shop.example.org',
          ca: null,
          verdict: 'admit',
          firstAt: START - 9_000,
          lastAt: START - 1_000,
        },
      ]);
      await refusalOf(store.getClient(OTHER, 'a'.repeat(64)), 'not_found');
      await refusalOf(store.getClient(SHOP, 'b'.repeat(64)), 'not_found');
    });

    test('clients are found by host, route, CA, end of validity and last sighting', async () => {
      const { record: ca } = await store.putSecret(caWrite('my-ca'));
      await store.takeLedger(
        ledgerReportOf({
          sightings: [
            sightingOf('a', { bundle: ca.id }),
            sightingOf('b', { host: 'pay.example.org', route: 'pay', notAfter: START + 9_000 }),
            sightingOf('c', { lastAt: START }),
          ],
        }),
      );
      const found = async (query: object) =>
        (await store.listClients(SHOP, { limit: 10, ...query })).items.map(
          ({ fingerprint }) => fingerprint[0],
        );
      expect(await found({})).toEqual(['a', 'b', 'c']);
      expect(await found({ ca: 'my-ca' })).toEqual(['a']);
      expect(await found({ host: 'pay.example.org' })).toEqual(['b']);
      expect(await found({ route: 'shop' })).toEqual(['a', 'c']);
      expect(await found({ expiresBefore: START + 5_000 })).toEqual(['a', 'c']);
      expect(await found({ since: START })).toEqual(['c']);
      expect(await found({ route: 'shop', since: START })).toEqual(['c']);
      const page = await store.listClients(SHOP, { limit: 2 });
      expect(await found({ after: page.next })).toEqual(['c']);
    });
  });
}
