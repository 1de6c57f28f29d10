import type { Hostname } from '@postern/contracts';
import { describe, expect, test } from 'vitest';
import type { CertificateOrderRecord } from '../certificates.ts';
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
  START,
  serviceWrite,
  type TestClock,
  targetFor,
  tlsWrite,
} from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

const DAY_MS = 86_400_000;

/** Certificates that Postern gets: what is wanted, what is kept, and by which one a host is served. */
export function describeCertificates(makeHarness: MakeHarness): void {
  let clock: TestClock;
  let store: Store;
  useSuiteStore(makeHarness, async (opened) => {
    ({ clock, store } = opened);
    await store.createService(serviceWrite('cart'));
    await store.createService(serviceWrite('theirs', 1, {}, OTHER));
  });

  const serve = (name: string, host: string, extra: object = {}) =>
    store.createRoute(routeWrite(name, host, 'cart', extra));
  const due = async () =>
    (await store.listDueOrders(clock.now, 100)).map(({ usedNames }) => usedNames.join());
  const orderOf = (name: string) => store.getCertificate(SHOP, hostOf(name));
  const servedBy = async (route: string) => (await store.getRoute(targetFor(route))).document.certificate;

  /** Issues for the names of an order. `days`: when it ends, from now; it is to be renewed one day before. */
  const issue = async (name: string, content: string, days = 90, names?: readonly Hostname[]) => {
    const order = await orderOf(name);
    return await store.saveIssuedCertificate({
      orderId: order.id,
      names: names ?? order.usedNames,
      issuer: 'local',
      document: {
        ...certificateDocumentOf(content),
        notAfter: new Date(clock.now + days * DAY_MS).toISOString(),
      },
      renewAt: clock.now + (days - 1) * DAY_MS,
      ariCertId: null,
    });
  };

  describe('what is wanted', () => {
    test('a host wants a certificate until it has one, again when it is to be renewed, and never with its own', async () => {
      await store.putSecret(tlsWrite('cert'));
      const created = await serve('r', 'a.example.org');
      expect(created.record.order).toMatchObject({ state: 'pending', wantedSince: START, certificate: null });
      const own = await serve('own', 'b.example.org', { tls: { serverCertificate: { name: 'cert' } } });
      expect(own.record.order).toBeNull();
      expect([await due(), await store.nextOrderAt()]).toEqual([['a.example.org'], START]);
      const issued = await issue('a.example.org', 'one');
      expect(issued).toMatchObject({ created: true, record: { replacedReason: null } });
      expect(await servedBy('r')).toBe(issued.record.id);
      expect([await due(), await store.nextOrderAt()]).toEqual([[], START + 89 * DAY_MS]);
      clock.now += 89 * DAY_MS;
      expect(await due()).toEqual(['a.example.org']);
      await store.updateRoute(routeWrite('own', 'b.example.org', 'cart'));
      // The longest due first.
      expect(await due()).toEqual(['a.example.org', 'b.example.org']);
    });

    test('what the worker notes is kept, with since when the state and its reason hold', async () => {
      await serve('r', 'a.example.org');
      const { id } = await orderOf('a.example.org');
      clock.now += 1000;
      await store.updateOrder(id, { state: 'ordering', issuer: 'https://ca', orderUrl: 'o', sealedKey: 'k' });
      const lastError = { code: 'dns_unresolvable', detail: 'd', problemType: null, at: clock.now } as const;
      clock.now += 1000;
      const failed = { state: 'failing', attempts: 1, nextAttemptAt: clock.now + 5000, lastError } as const;
      await store.updateOrder(id, failed);
      clock.now += 1000;
      await store.updateOrder(id, { ...failed, attempts: 2, lastError: { ...lastError, at: clock.now } });
      const order = await store.getOrder(id);
      expect(order).toMatchObject({
        ...{ attempts: 2, wantedSince: START, stateSince: START + 2000, orderUrl: 'o', sealedKey: 'k' },
        lastError: { at: START + 3000 },
      });
      expect(await due()).toEqual([]);
      expect((await store.getRoute(targetFor('r'))).order).toEqual(order);
      await issue('a.example.org', 'one');
      expect(await store.getOrder(id)).toMatchObject({
        ...{ state: 'issued', attempts: 0, lastError: null, orderUrl: null, sealedKey: null },
        issuer: 'local',
      });
    });

    test('an order of a host that goes before anything was begun goes too; one that was begun waits for its return', async () => {
      await serve('r', 'a.example.org');
      const { id } = await orderOf('a.example.org');
      await store.deleteRoute(targetFor('r'));
      expect(await store.updateOrder(id, { state: 'ordering' })).toBeNull();
      await refusal(orderOf('a.example.org'), 'not_found');

      await serve('r', 'a.example.org');
      const begun = await orderOf('a.example.org');
      await store.updateOrder(begun.id, { state: 'ordering', orderUrl: 'https://ca/1', sealedKey: 'k' });
      await store.deleteRoute(targetFor('r'));
      expect(await due()).toEqual([]);
      await serve('r', 'a.example.org');
      expect(await store.listDueOrders(clock.now, 10)).toMatchObject([
        { id: begun.id, orderUrl: 'https://ca/1' },
      ]);
      await store.deleteRoute(targetFor('r'));
      clock.now += 8 * DAY_MS;
      expect(await store.purgeCertificates()).toBe(1);
      expect(await store.getOrder(begun.id)).toBeNull();
    });

    test('a renewal can be asked for of what is served, once, and says why its successor came', async () => {
      await serve('r', 'a.example.org');
      await issue('a.example.org', 'one');
      clock.now += 5;
      const asked = await store.requestRenewal(SHOP, hostOf('a.example.org'));
      expect(asked).toMatchObject({
        renewReason: 'requested',
        wantedSince: clock.now,
        nextAttemptAt: clock.now,
      });
      expect(await store.requestRenewal(SHOP, hostOf('a.example.org'))).toEqual(asked);
      const { items } = await store.listCertificates(SHOP, { limit: 10, pending: true });
      expect(items).toMatchObject([{ id: asked.id }]);
      expect((await issue('a.example.org', 'two')).record.replacedReason).toBe('requested');
      expect((await orderOf('a.example.org')).renewReason).toBeNull();
      await refusal(store.requestRenewal(OTHER, hostOf('a.example.org')), 'not_found');
    });
  });

  describe('what is kept', () => {
    test('a deleted route leaves its certificate with the project: who serves the name again has it back, at once', async () => {
      await serve('r', 'a.example.org');
      const { record } = await issue('a.example.org', 'one');
      await store.deleteRoute(targetFor('r'));
      expect(await readChanges(store)).toMatchObject([
        { kind: 'host', id: 'a.example.org', body: null },
        { kind: 'certificate', id: record.id, body: null },
      ]);
      expect([await due(), await store.nextOrderAt()]).toEqual([[], null]);
      const back = await serve('again', 'a.example.org');
      expect(back.record.document.certificate).toBe(record.id);
      expect(await due()).toEqual([]);
      expect(await readChanges(store)).toMatchObject([
        { kind: 'certificate', id: record.id, body: { fingerprint: 'one' } },
        { kind: 'host', body: { certificate: record.id } },
      ]);
    });

    test('another project that claims the name has nothing of it, and the first one has it again afterwards', async () => {
      await serve('r', 'a.example.org');
      const { record } = await issue('a.example.org', 'one');
      await store.deleteRoute(targetFor('r'));
      const foreign = await store.createRoute(routeWrite('r', 'a.example.org', 'theirs', {}, OTHER));
      expect(foreign.record).toMatchObject({ document: { certificate: null }, order: { state: 'pending' } });
      expect(await store.listDueOrders(clock.now, 10)).toMatchObject([{ project: OTHER }]);
      await refusal(store.getCertificate(OTHER, hostOf('b.example.org')), 'not_found');
      expect((await readChanges(store)).find(({ id }) => id === record.id)?.body).toBeNull();
      await store.deleteRoute(targetFor('r', OTHER));
      expect((await serve('r', 'a.example.org')).record.document.certificate).toBe(record.id);
    });

    test('one that expired while nobody used it is not kept, and a host that comes back by then wants one at once', async () => {
      await serve('r', 'a.example.org');
      const { record } = await issue('a.example.org', 'one', 10);
      await store.deleteRoute(targetFor('r'));
      clock.now += 9 * DAY_MS;
      expect(await store.purgeCertificates()).toBe(0);
      await serve('r', 'a.example.org');
      expect(await due()).toEqual(['a.example.org']);
      clock.now += 2 * DAY_MS;
      expect(await store.purgeCertificates()).toBe(0);
      expect(await servedBy('r')).toBe(record.id);
      await store.deleteRoute(targetFor('r'));
      expect(await store.purgeCertificates()).toBe(1);
      await refusal(orderOf('a.example.org'), 'not_found');
    });

    test('a certificate that comes when its route is gone is kept for the next', async () => {
      await serve('r', 'a.example.org');
      const { id } = await orderOf('a.example.org');
      await store.updateOrder(id, { state: 'ordering', orderUrl: 'o', sealedKey: 'k' });
      await store.deleteRoute(targetFor('r'));
      const { record } = await issue('a.example.org', 'one', 90, [hostOf('a.example.org')]);
      expect((await readChanges(store)).some(({ kind }) => kind === 'certificate')).toBe(false);
      await serve('r', 'a.example.org');
      expect(await servedBy('r')).toBe(record.id);
    });
  });

  describe('by which certificate a host is served', () => {
    test('a renewed certificate is one change, and the host document stays', async () => {
      await serve('r', 'a.example.org');
      const first = await issue('a.example.org', 'one');
      const { revision: before } = await store.cursor();
      const second = await issue('a.example.org', 'two', 91);
      expect(second).toMatchObject({
        created: false,
        record: { id: first.record.id, replacedReason: 'due' },
      });
      expect(await readChanges(store, before)).toMatchObject([
        { kind: 'certificate', id: first.record.id, body: { fingerprint: 'two' } },
      ]);
    });

    test('a route that no longer brings its own is served by that one until the first is issued, or the secret goes', async () => {
      const { record: secret } = await store.putSecret(tlsWrite('cert'));
      const own = { tls: { serverCertificate: { name: 'cert' } } };
      await serve('r', 'a.example.org', own);
      await serve('s', 'b.example.org', own);
      for (const [name, host] of [
        ['r', 'a.example.org'],
        ['s', 'b.example.org'],
      ] as const) {
        const updated = await store.updateRoute(routeWrite(name, host, 'cart'));
        expect(updated.record).toMatchObject({
          document: { certificate: secret.id },
          order: { state: 'pending' },
        });
        await store.updateRoute(routeWrite(name, host, 'cart'));
        expect(await servedBy(name)).toBe(secret.id);
      }
      const issued = await issue('a.example.org', 'one');
      expect([await servedBy('r'), await servedBy('s')]).toEqual([issued.record.id, secret.id]);
      await store.deleteSecret(targetFor('cert'));
      expect([await servedBy('r'), await servedBy('s')]).toEqual([issued.record.id, null]);
      await store.deleteRoute(targetFor('s'));
      await store.createRoute(routeWrite('s', 'b.example.org', 'theirs', {}, OTHER));
      expect((await store.getRoute(targetFor('s', OTHER))).document.certificate).toBeNull();
    });

    test('several hosts can share one; when one of them goes the others stay, and the next one is for those alone', async () => {
      await serve('r', 'a.example.org');
      await serve('s', 'b.example.org');
      await serve('t', 'c.example.org');
      const ids = (await store.listDueOrders(clock.now, 10)).map(({ id }) => id);
      const joined = await store.joinOrders(ids);
      expect(joined.names).toEqual(['a.example.org', 'b.example.org', 'c.example.org']);
      expect(await due()).toEqual([joined.usedNames.join()]);
      const shared = await issue('a.example.org', 'shared');
      for (const route of ['r', 's', 't']) expect(await servedBy(route)).toBe(shared.record.id);
      await store.deleteRoute(targetFor('r'));
      clock.now += 89 * DAY_MS;
      expect(await due()).toEqual(['b.example.org,c.example.org']);
      const next = await issue('b.example.org', 'next');
      expect(next).toMatchObject({ created: true, record: { names: ['b.example.org', 'c.example.org'] } });
      expect([await servedBy('s'), await servedBy('t')]).toEqual([next.record.id, next.record.id]);
      expect((await readChanges(store)).find(({ id }) => id === shared.record.id)?.body).toBeNull();
      expect(await due()).toEqual([]);
      // The first certificate is valid for one day more: it serves who comes back until it has a successor.
      await serve('r', 'a.example.org');
      expect(await servedBy('r')).toBe(shared.record.id);
      expect(await servedBy('s')).toBe(next.record.id);
    });

    test('orders that are begun or of two projects are not joined', async () => {
      await serve('r', 'a.example.org');
      await serve('s', 'b.example.org');
      await store.createRoute(routeWrite('r', 'c.example.org', 'theirs', {}, OTHER));
      const [a, b, c] = await store.listDueOrders(clock.now, 10);
      const idsOf = (...orders: (CertificateOrderRecord | undefined)[]) =>
        orders.map((order) => order?.id ?? '');
      await refusal(store.joinOrders(idsOf(a, c)), 'in_use');
      await store.updateOrder(b?.id ?? '', { orderUrl: 'https://ca/1' });
      await refusal(store.joinOrders(idsOf(a, b)), 'in_use');
      await refusal(store.joinOrders(['gone']), 'not_found');
    });

    test('a valid one is taken before an expired or revoked one, whichever came last', async () => {
      await serve('r', 'a.example.org');
      await serve('s', 'b.example.org');
      await store.joinOrders((await store.listDueOrders(clock.now, 10)).map(({ id }) => id));
      const shared = await issue('a.example.org', 'shared', 30);
      const alone = await issue('a.example.org', 'alone', 60, [hostOf('a.example.org')]);
      expect([await servedBy('r'), await servedBy('s')]).toEqual([alone.record.id, shared.record.id]);
      await store.noteRevoked(alone.record.id);
      expect([await servedBy('r'), await servedBy('s')]).toEqual([shared.record.id, shared.record.id]);
    });

    test('a revoked one is served until its successor is there, which is wanted at once', async () => {
      await serve('r', 'a.example.org');
      const { record } = await issue('a.example.org', 'one');
      const asked = await store.requestRevocation(SHOP, hostOf('a.example.org'), 'keyCompromise', {
        by: 'me',
      });
      expect(asked).toMatchObject({ state: 'waiting', chainPem: 'one', issuer: 'local', requestedBy: 'me' });
      expect(await store.requestRevocation(SHOP, hostOf('a.example.org'), 'superseded')).toEqual(asked);
      expect(await store.listWaitingRevocations(10)).toEqual([asked]);
      await store.settleRevocation(asked.id, null);
      expect(await store.listWaitingRevocations(10)).toEqual([]);
      expect(await servedBy('r')).toBe(record.id);
      expect(await orderOf('a.example.org')).toMatchObject({
        renewReason: 'revoked',
        certificate: { revokedAt: START },
      });
      expect(await due()).toEqual(['a.example.org']);
      expect(await store.latestRevocation(record.id)).toMatchObject({ state: 'done', settledAt: START });
      expect((await issue('a.example.org', 'two')).record).toMatchObject({
        replacedReason: 'revoked',
        revokedAt: null,
      });
    });

    test('a revocation that comes true after the successor leaves that one alone, and one that fails says why', async () => {
      await serve('r', 'a.example.org');
      await issue('a.example.org', 'one');
      const late = await store.requestRevocation(SHOP, hostOf('a.example.org'), 'superseded');
      await issue('a.example.org', 'two');
      await store.settleRevocation(late.id, null);
      expect((await orderOf('a.example.org')).certificate?.revokedAt).toBeNull();
      const refused = await store.requestRevocation(SHOP, hostOf('a.example.org'), 'superseded');
      expect(refused.id).not.toBe(late.id);
      const error = { code: 'ca_refused', detail: 'no', problemType: null, at: START } as const;
      await store.settleRevocation(refused.id, error);
      expect(await store.latestRevocation(refused.certificateId)).toMatchObject({ state: 'failed', error });
      expect(await due()).toEqual([]);
    });
  });

  test('certificates are listed by their names in pages, those that end soon and those that are not there apart', async () => {
    for (const letter of ['a', 'b', 'c']) await serve(letter, `${letter}.example.org`);
    await issue('b.example.org', 'one', 10);
    const namesOf = async (query: { pending?: boolean; expiresBefore?: number }) =>
      (await store.listCertificates(SHOP, { limit: 10, ...query })).items.map(({ names }) => names.join());
    expect(await namesOf({})).toEqual(['a.example.org', 'b.example.org', 'c.example.org']);
    expect(await namesOf({ pending: true })).toEqual(['a.example.org', 'c.example.org']);
    expect(await namesOf({ expiresBefore: START + 11 * DAY_MS })).toEqual(['b.example.org']);
    expect(await namesOf({ expiresBefore: START + 9 * DAY_MS })).toEqual([]);
    const first = await store.listCertificates(SHOP, { limit: 2 });
    expect(first.items).toHaveLength(2);
    const rest = await store.listCertificates(SHOP, { limit: 2, after: first.next ?? '' });
    expect([rest.items.map(({ names }) => names.join()), rest.next]).toEqual([['c.example.org'], null]);
    // What stood at the end of a page may be gone by the next one.
    const one = await store.listCertificates(SHOP, { limit: 1 });
    await store.deleteRoute(targetFor('a'));
    const next = await store.listCertificates(SHOP, { limit: 1, after: one.next ?? '' });
    expect(next.items.map(({ names }) => names.join())).toEqual(['b.example.org']);
    expect(await store.listCertificatesToLookAt(clock.now, 10)).toMatchObject([{ names: ['b.example.org'] }]);
  });
}
