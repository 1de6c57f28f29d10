import type { DnsFindings } from '@postern/contracts';
import { describe, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { refusal } from './refusal.ts';
import {
  certificateDocumentOf,
  hostOf,
  type MakeHarness,
  OTHER,
  readChanges,
  routeWrite,
  SHOP,
  serviceWrite,
  type TestClock,
  targetFor,
} from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

const NOTHING: DnsFindings = { cname: [], addresses: [], txt: [], caa: null, failures: [] };
const NAME = hostOf('a.example.org');

/** Names that projects may use: whose they are, when they are served, when DNS is asked. */
export function describeHostnames(makeHarness: MakeHarness): void {
  describe('hostnames', () => {
    let store: Store;
    let clock: TestClock;
    useSuiteStore(makeHarness, async (opened) => {
      ({ clock, store } = opened);
      await store.createService(serviceWrite('cart'));
    });

    const createUnproved = (host = 'a.example.org') =>
      store.createRoute({ ...routeWrite('r', host, 'cart'), hostNeedsProof: true });
    /** Notes what a look at DNS found, a second later. */
    const check = async (proof: 'cname' | 'txt' | null | undefined, nextCheckAt = clock.now + 60_000) => {
      clock.now += 1000;
      const checked = await store.getHostname(SHOP, NAME);
      await store.noteHostnameCheck(checked, { found: NOTHING, proof, nextCheckAt });
      return store.getHostname(SHOP, NAME);
    };

    test('a host that needs a proof is closed and wants no certificate until one is found, and is open from then on', async () => {
      const { record } = await createUnproved();
      expect(record).toMatchObject({
        document: { closed: { reason: 'hostname_not_verified' } },
        hostname: { state: 'Validating', verifiedAt: null, verifiedBy: null, kept: false, route: 'r' },
        order: null,
      });
      expect(await store.listDueOrders(clock.now, 10)).toEqual([]);
      expect(await check(null)).toMatchObject({ state: 'DnsNotVerified', since: clock.now, failures: 1 });
      const { since } = await check(undefined);
      expect(since).toBe(clock.now - 1000);
      expect((await store.getRoute(targetFor('r'))).document.closed).not.toBeNull();
      const { revision } = await store.cursor();
      expect(await check('cname')).toMatchObject({
        ...{ state: 'Verified', verifiedAt: clock.now, verifiedBy: 'cname', since: clock.now, failures: 0 },
      });
      expect(await readChanges(store, revision)).toMatchObject([{ id: NAME, body: { closed: null } }]);
      expect(await store.listDueOrders(clock.now, 10)).toMatchObject([
        { usedNames: [NAME], wantedSince: clock.now },
      ]);
    });

    test('what is verified stays open when DNS no longer says so, and that is told; a server that fails says nothing', async () => {
      await createUnproved();
      const { verifiedAt } = await check('cname');
      const { revision } = await store.cursor();
      expect(await check(undefined)).toMatchObject({ state: 'Verified' });
      expect(await check(null)).toMatchObject({ state: 'DnsChanged', verifiedAt, since: clock.now });
      expect(await check(undefined)).toMatchObject({ state: 'DnsChanged', since: clock.now - 1000 });
      expect(await readChanges(store, revision)).toEqual([]);
      expect(await check('txt')).toMatchObject({ state: 'Verified', verifiedAt, verifiedBy: 'txt' });
    });

    test('names without a need of proof are served at once; a look at DNS changes nothing of that', async () => {
      await store.createRoute(routeWrite('r', NAME, 'cart'));
      expect(await check(null)).toMatchObject({
        state: 'NotRequired',
        verifiedBy: 'trusted',
        found: NOTHING,
      });
      const { record } = await store.addHostname(SHOP, hostOf('made-up.localhost'), {
        generated: true,
        needsProof: true,
      });
      expect(record).toMatchObject({ state: 'NotRequired', verifiedBy: 'generated', generated: true });
    });

    test('a name that was added by itself stays when its route goes; one that a route claimed goes with it', async () => {
      const claim = { needsProof: true };
      const { record } = await store.addHostname(SHOP, NAME, claim);
      expect(record).toMatchObject({ kept: true, route: null, state: 'Validating' });
      expect((await store.addHostname(SHOP, NAME, {})).created).toBe(false);
      await check('txt');
      expect((await createUnproved()).record).toMatchObject({ document: { closed: null } });
      const inUse = await refusal(store.removeHostname(SHOP, NAME), 'in_use');
      expect(inUse.detail).toContain('route/r');
      await store.updateRoute({ ...routeWrite('r', 'b.example.org', 'cart'), hostNeedsProof: true });
      expect((await store.listHostnames(SHOP, { limit: 9 })).map(({ name }) => name)).toEqual([
        'a.example.org',
        'b.example.org',
      ]);
      await store.deleteRoute(targetFor('r'));
      expect(await store.listHostnames(SHOP, { limit: 9 })).toMatchObject([
        { name: NAME, state: 'Verified' },
      ]);
      await store.removeHostname(SHOP, NAME);
      await refusal(store.getHostname(SHOP, NAME), 'not_found');
      expect((await store.addHostname(SHOP, NAME, claim)).record.token).toBe(record.token);
    });

    test('a name of one project is no other project’s, with or without a route, and is not told of', async () => {
      await store.addHostname(SHOP, NAME, {});
      await store.createService(serviceWrite('theirs', 1, {}, OTHER));
      await refusal(store.addHostname(OTHER, NAME, {}), 'hostname_taken');
      await refusal(store.createRoute(routeWrite('r', NAME, 'theirs', {}, OTHER)), 'hostname_taken');
      await refusal(store.getHostname(OTHER, NAME), 'not_found');
      await refusal(store.removeHostname(OTHER, NAME), 'not_found');
      await refusal(store.requestHostnameCheck(OTHER, NAME), 'not_found');
      expect(await store.listHostnames(OTHER, { limit: 9 })).toEqual([]);
    });

    test('what was found for a name counts for nobody who got it since, and their proof is another', async () => {
      const { record: old } = await store.addHostname(SHOP, NAME, { needsProof: true });
      await store.removeHostname(SHOP, NAME);
      clock.now += 1000;
      const { record } = await store.addHostname(OTHER, NAME, { needsProof: true });
      expect(record.token).not.toBe(old.token);
      await store.noteHostnameCheck(old, { found: NOTHING, proof: 'txt', nextCheckAt: null });
      expect(await store.getHostname(OTHER, NAME)).toMatchObject({ state: 'Validating', checkedAt: null });
    });

    test('names are due when their time has come, or somebody asks', async () => {
      await createUnproved();
      expect(await store.listDueHostnames(clock.now, 9)).toMatchObject([{ name: NAME }]);
      const next = clock.now + 20_000;
      await check(null, next);
      expect(await store.listDueHostnames(next - 1, 9)).toEqual([]);
      expect(await store.nextHostnameCheckAt()).toBe(next);
      expect(await store.requestHostnameCheck(SHOP, NAME)).toMatchObject({ checkAt: clock.now });
      expect(await store.listDueHostnames(clock.now, 9)).toHaveLength(1);
    });

    test('a look that is asked for while another is under way is not lost', async () => {
      await createUnproved();
      const underWay = await store.getHostname(SHOP, NAME);
      clock.now += 1000;
      await store.requestHostnameCheck(SHOP, NAME);
      await store.noteHostnameCheck(underWay, {
        found: NOTHING,
        proof: null,
        nextCheckAt: clock.now + 60_000,
      });
      expect(await store.listDueHostnames(clock.now, 9)).toMatchObject([
        { name: NAME, checkedAt: clock.now },
      ]);
    });

    test('names that need no proof any more are served, with a certificate that is wanted from then on', async () => {
      await createUnproved();
      await store.addHostname(SHOP, hostOf('x.apps.test'), { needsProof: true });
      expect(await store.trustHostnames(hostOf('apps.test'), 100)).toBe(1);
      expect(await store.getHostname(SHOP, NAME)).toMatchObject({ state: 'Validating' });
      expect(await store.trustHostnames(null, 100)).toBe(1);
      expect(await store.trustHostnames(null, 100)).toBe(0);
      expect(await store.getRoute(targetFor('r'))).toMatchObject({
        ...{ document: { closed: null }, hostname: { state: 'NotRequired', checkAt: null } },
        order: { state: 'pending' },
      });
    });

    test('a verified name that no longer wants proof keeps the certificate of before', async () => {
      await createUnproved();
      await check('txt');
      const [order] = await store.listDueOrders(clock.now, 1);
      await store.saveIssuedCertificate({
        ...{ orderId: order?.id ?? '', names: [NAME], issuer: 'local', ariCertId: null },
        ...{ document: certificateDocumentOf('x'), renewAt: clock.now + 1 },
      });
      await check(null);
      expect((await store.getRoute(targetFor('r'))).document.certificate).not.toBeNull();
    });
  });
}
