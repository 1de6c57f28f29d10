import { describe, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import { refusal } from './refusal.ts';
import {
  caWrite,
  type MakeHarness,
  OTHER,
  readChanges,
  routeWrite,
  SHOP,
  serviceWrite,
  targetFor,
  tlsWrite,
} from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

const PAGE = { limit: 100 };

/** Secrets, services and routes as rows: what is written is read back, and what must be refused is. */
export function describeResources(makeHarness: MakeHarness): void {
  let store: Store;
  useSuiteStore(makeHarness, (opened) => {
    ({ store } = opened);
  });

  describe('rows', () => {
    test('a secret is created, replaced under the same id, listed and deleted', async () => {
      const first = await store.putSecret({ ...caWrite('ca'), labels: { team: 'a' } });
      expect(first).toMatchObject({ created: true, job: null, record: { version: 1, usedBy: [] } });
      const second = await store.putSecret(caWrite('ca', 'two'));
      expect(second).toMatchObject({ created: false, record: { version: 2, labels: { team: 'a' } } });
      expect(second.record.id).toBe(first.record.id);
      expect((await store.listSecrets(SHOP, PAGE)).items).toEqual([await store.getSecret(targetFor('ca'))]);
      await store.deleteSecret(targetFor('ca'));
      await refusal(store.getSecret(targetFor('ca')), 'not_found');
    });

    test('a secret keeps its type', async () => {
      await store.putSecret(caWrite('mine'));
      const error = await refusal(store.putSecret(tlsWrite('mine')), 'validation_failed');
      expect(error.findings).toMatchObject([{ pointer: '/type' }]);
      expect(await store.getSecret(targetFor('mine'))).toMatchObject({ type: 'tls-ca', version: 1 });
    });

    test('a service and a route come back as they were written', async () => {
      const service = await store.createService(serviceWrite('cart'));
      const route = await store.createRoute({
        ...routeWrite('r', 'a.example.org', 'cart'),
        labels: { tier: 'x' },
      });
      expect(await store.getService(targetFor('cart'))).toEqual({
        ...service.record,
        usedBy: ['route/r'],
      });
      expect(await store.getRoute(targetFor('r'))).toEqual(route.record);
      expect((await store.listRoutes(SHOP, PAGE)).items).toEqual([route.record]);
      expect((await store.listRoutes(OTHER, PAGE)).items).toEqual([]);
      expect(route.record.labels).toEqual({ tier: 'x' });
      expect(route.record.revision).toBe(route.revision);
    });

    test('a name is taken once per kind and project', async () => {
      await store.createService(serviceWrite('cart'));
      await store.createService(serviceWrite('cart', 1, {}, OTHER));
      await refusal(store.createService(serviceWrite('cart', 3001)), 'already_exists');
      await store.createRoute(routeWrite('cart', 'a.example.org', 'cart'));
      await refusal(store.createRoute(routeWrite('cart', 'b.example.org', 'cart')), 'already_exists');
    });

    test('an unknown project, or a name of another one, is not found', async () => {
      const nowhere = targetFor('x').name;
      await refusal(store.createService(serviceWrite('cart', 1, {}, nowhere)), 'not_found');
      await refusal(store.listRoutes(nowhere, PAGE), 'not_found');
      await store.createService(serviceWrite('cart'));
      await refusal(store.getService(targetFor('cart', OTHER)), 'not_found');
      await refusal(store.deleteService(targetFor('cart', OTHER)), 'not_found');
      expect(await store.hasProject('shop')).toBe(true);
      expect(await store.hasProject('x')).toBe(false);
    });

    test('a write or delete that names an older version is refused and changes nothing', async () => {
      await store.putSecret(caWrite('ca'));
      await store.createService(serviceWrite('cart'));
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      const before = await readChanges(store);
      await refusal(store.putSecret({ ...caWrite('ca', 'two'), ifVersion: 2 }), 'version_conflict');
      await refusal(store.putSecret({ ...caWrite('new'), ifVersion: 1 }), 'version_conflict');
      await refusal(store.updateService({ ...serviceWrite('cart', 9), ifVersion: 7 }), 'version_conflict');
      await refusal(
        store.updateRoute({ ...routeWrite('r', 'b.example.org', 'cart'), ifVersion: 7 }),
        'version_conflict',
      );
      await refusal(store.deleteRoute(targetFor('r', SHOP, 7)), 'version_conflict');
      expect(await readChanges(store)).toEqual(before);
      await store.deleteRoute(targetFor('r', SHOP, 1));
    });

    test('what is in use is not deleted, and the users are named', async () => {
      for (const name of ['ca', 'rule-ca', 'upstream-ca']) await store.putSecret(caWrite(name));
      await store.createService(
        serviceWrite('cart', 1, { targets: ['https://127.0.0.1:1'], tls: { ca: { name: 'upstream-ca' } } }),
      );
      const rule = { prefix: '/p', route: { service: 'cart' } };
      await store.createRoute(
        routeWrite('r', 'a.example.org', 'cart', {
          tls: { clientValidationCa: { name: 'ca' } },
          routes: [{ ...rule, clientCertificate: { ca: { name: 'rule-ca' } } }],
        }),
      );
      for (const name of ['ca', 'rule-ca']) {
        expect((await refusal(store.deleteSecret(targetFor(name)), 'in_use')).detail).toContain('route/r');
      }
      expect((await refusal(store.deleteSecret(targetFor('upstream-ca')), 'in_use')).detail).toContain(
        'service/cart',
      );
      expect((await refusal(store.deleteService(targetFor('cart')), 'in_use')).detail).toContain('route/r');
      await store.updateRoute(routeWrite('r', 'a.example.org', 'cart'));
      await store.deleteSecret(targetFor('ca'));
      await store.deleteSecret(targetFor('rule-ca'));
      await store.deleteRoute(targetFor('r'));
      await store.deleteService(targetFor('cart'));
      await store.deleteSecret(targetFor('upstream-ca'));
      expect((await readChanges(store)).map((change) => change.body)).toEqual([null, null, null, null]);
    });

    test('what the Compiler finds wrong is refused with its findings and changes nothing', async () => {
      const error = await refusal(
        store.createRoute(
          routeWrite('r', 'a.example.org', 'absent', { tls: { serverCertificate: { name: 'no' } } }),
        ),
        'validation_failed',
      );
      expect(error.findings.map((finding) => finding.pointer)).toEqual([
        '/routes/0/route/service',
        '/tls/serverCertificate/name',
      ]);
      await refusal(
        store.createService(
          serviceWrite('cart', 1, { targets: ['https://127.0.0.1:1'], tls: { ca: { name: 'no' } } }),
        ),
        'validation_failed',
      );
      expect((await store.listRoutes(SHOP, PAGE)).items).toEqual([]);
      expect(await readChanges(store)).toEqual([]);
      await store.createService(serviceWrite('cart'));
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
    });
  });

  describe('authorities', () => {
    test('the first authority of a name stays', async () => {
      const first = await store.ensureAuthority({ name: 'local', certPem: 'one', sealedKey: 'a' });
      const second = await store.ensureAuthority({ name: 'local', certPem: 'two', sealedKey: 'b' });
      expect(second).toEqual(first);
      expect(await store.getAuthority('local')).toEqual(first);
      expect(await store.getAuthority('none')).toBeNull();
    });
  });
}
