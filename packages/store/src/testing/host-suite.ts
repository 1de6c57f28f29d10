import { LIMITS, serviceSpec } from '@postern/contracts';
import { describe, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { refusal } from './refusal.ts';
import {
  caWrite,
  type MakeHarness,
  OTHER,
  readChanges,
  routeWrite,
  serviceWrite,
  targetFor,
  tlsWrite,
} from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

/** Host names and host documents: which follow from which write. */
export function describeHosts(makeHarness: MakeHarness): void {
  let store: Store;
  useSuiteStore(makeHarness, async (opened) => {
    ({ store } = opened);
    await store.createService(serviceWrite('cart'));
  });

  test('a draft of a host brings the CAs of its clients, and none of its services', async () => {
    const { record } = await store.putSecret(caWrite('clients'));
    await store.putSecret(caWrite('upstream', 'two'));
    const ca = { tls: { ca: { name: 'upstream' } } };
    const spec = serviceSpec.parse({ targets: ['https://127.0.0.1:1'], ...ca });
    await store.createService({ ...targetFor('safe'), spec });
    const write = routeWrite('r', 'a.example.org', 'safe', {
      tls: { clientValidationCa: { name: 'clients' } },
    });
    const { bundles, document } = await store.draftHost(write, write.spec);
    expect(document.services.safe?.trustBundle).not.toBeNull();
    expect([...bundles]).toEqual([[record.id, { contentHash: 'one', anchorsPem: ['one'] }]]);
  });

  describe('host names', () => {
    test('a host belongs to one route of all projects, and a foreign one is not named', async () => {
      await store.createRoute(routeWrite('mine', 'a.example.org', 'cart'));
      const own = await refusal(
        store.createRoute(routeWrite('second', 'a.example.org', 'cart')),
        'hostname_taken',
      );
      expect(own.detail).toContain('mine');
      await store.createService(serviceWrite('theirs', 1, {}, OTHER));
      const foreign = await refusal(
        store.createRoute(routeWrite('r', 'a.example.org', 'theirs', {}, OTHER)),
        'hostname_taken',
      );
      expect(JSON.stringify([foreign.detail, foreign.message, foreign.findings])).not.toMatch(/mine|shop/);
    });

    test('a deleted route leaves a tombstone and frees its host', async () => {
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      await store.deleteRoute(targetFor('r'));
      expect(await readChanges(store)).toMatchObject([{ kind: 'host', id: 'a.example.org', body: null }]);
      await store.createService(serviceWrite('theirs', 1, {}, OTHER));
      const next = await store.createRoute(routeWrite('r', 'a.example.org', 'theirs', {}, OTHER));
      expect(next.record.document).toMatchObject({ project: 'other', certificate: null });
    });

    test('a route that moves to another host leaves a tombstone under the old name', async () => {
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      const moved = await store.updateRoute(routeWrite('r', 'b.example.org', 'cart'));
      expect(moved.record.document.host).toBe('b.example.org');
      expect(await readChanges(store)).toMatchObject([
        { id: 'a.example.org', body: null },
        { id: 'b.example.org', body: { route: 'r' } },
      ]);
      await store.createRoute(routeWrite('again', 'a.example.org', 'cart'));
      await refusal(store.updateRoute(routeWrite('r', 'a.example.org', 'cart')), 'hostname_taken');
      expect((await store.getRoute(targetFor('r'))).spec.host).toBe('b.example.org');
    });
  });

  describe('documents', () => {
    test('a service write recompiles the hosts that lead to it and no other', async () => {
      await store.createService(serviceWrite('other'));
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      await store.createRoute(routeWrite('s', 'b.example.org', 'other'));
      const { revision: before } = await store.cursor();
      const written = await store.updateService(serviceWrite('cart', 4444));
      expect(written.job).toBeNull();
      expect(await readChanges(store, before)).toMatchObject([
        {
          id: 'a.example.org',
          revision: written.revision,
          body: { services: { cart: { targets: [{ port: 4444 }] } } },
        },
      ]);
    });

    test('a new CA or certificate under an old name is one change', async () => {
      await store.putSecret(caWrite('ca'));
      await store.putSecret(tlsWrite('cert'));
      const tls = { clientValidationCa: { name: 'ca' }, serverCertificate: { name: 'cert' } };
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart', { tls }));
      const { revision: before } = await store.cursor();
      const ca = await store.putSecret(caWrite('ca', 'two'));
      const cert = await store.putSecret(tlsWrite('cert', 'two'));
      expect(await readChanges(store, before)).toMatchObject([
        { kind: 'trust-bundle', id: ca.record.id, revision: ca.revision, body: { contentHash: 'two' } },
        { kind: 'certificate', id: cert.record.id, revision: cert.revision, body: { fingerprint: 'two' } },
      ]);
    });

    test('a write that changes no document gets no revision', async () => {
      await store.putSecret(caWrite('ca'));
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      const before = await store.cursor();
      await store.putSecret(caWrite('ca'));
      await store.updateService({ ...serviceWrite('cart'), labels: { team: 'a' } });
      const same = await store.updateRoute(routeWrite('r', 'a.example.org', 'cart'));
      expect(same.record.version).toBe(2);
      expect(await store.cursor()).toEqual(before);
    });

    test('a service under more hosts than one write recompiles commits at once and leaves the rest to a job', async () => {
      const count = LIMITS.inlineRecompiledHostsMax + 30;
      for (let n = 0; n < count; n += 1) {
        await store.createRoute(routeWrite(`r${n}`, `h${n}.example.org`, 'cart'));
      }
      const { revision: before } = await store.cursor();
      const written = await store.updateService(serviceWrite('cart', 4444));
      expect(written.record.spec.targets).toEqual(['http://127.0.0.1:4444']);
      const job = written.job ?? '';
      expect(await store.isJobDone(job)).toBe(false);
      expect(await readChanges(store, before)).toEqual([]);
      while (await store.runJobSlice());
      expect(await store.isJobDone(job)).toBe(true);
      const changes = await readChanges(store, before);
      expect(new Set(changes.map((change) => change.id)).size).toBe(count);
      for (const change of changes)
        expect(change.body).toMatchObject({ services: { cart: { targets: [{ port: 4444 }] } } });
    });
  });
}
