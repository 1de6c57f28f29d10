import { LIMITS } from '@postern/contracts';
import { describe, expect, test, vi } from 'vitest';
import type { Store } from '../store.ts';
import { refusal } from './refusal.ts';
import {
  caWrite,
  hostOf,
  type MakeHarness,
  openSuiteStore,
  readChanges,
  routeWrite,
  SHOP,
  START,
  type StoreHarness,
  serviceWrite,
  type TestClock,
  targetFor,
} from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

/** How writes are done: conflicts, repeated creates, dry runs, and who hears of them. */
export function describeWrites(makeHarness: MakeHarness): void {
  let harness: StoreHarness;
  let store: Store;
  let clock: TestClock;
  useSuiteStore(makeHarness, (opened) => {
    ({ harness, clock, store } = opened);
  });

  describe('conflicts', () => {
    test('a conflict says what changed since the version read, by whom and when', async () => {
      await store.createService({ ...serviceWrite('cart'), labels: { team: 'a' } });
      clock.now += 1000;
      const changed = {
        ...serviceWrite('cart', 3001, { maxBodyBytes: 5 }),
        labels: { team: 'b', tier: 'x' },
      };
      await store.updateService(changed, { by: 'ci' });
      const { conflict } = await refusal(
        store.updateService({ ...serviceWrite('cart', 9), ifVersion: 1 }),
        'version_conflict',
      );
      expect(conflict).toEqual({
        version: 2,
        yourVersion: 1,
        updatedAt: new Date(START + 1000).toISOString(),
        updatedBy: 'ci',
        changes: [
          { pointer: '/labels/team', before: 'a', after: 'b' },
          { pointer: '/labels/tier', after: 'x' },
          { pointer: '/spec/targets/0', before: 'http://127.0.0.1:3000', after: 'http://127.0.0.1:3001' },
          { pointer: '/spec/maxBodyBytes', after: 5 },
        ],
      });
    });

    test('a route tells no password hash, a secret no value', async () => {
      const hash = (letter: string) => `sha256:${letter.repeat(43)}=`;
      const withUsers = (passwordHashes: object) =>
        routeWrite('r', 'a.example.org', 'cart', {
          validation: { httpBasic: { realm: 'x', passwordHashes } },
        });
      await store.createService(serviceWrite('cart'));
      await store.createRoute(withUsers({ ann: hash('a') }));
      await store.updateRoute(withUsers({ ann: hash('b'), bob: hash('c') }));
      const route = await refusal(store.deleteRoute(targetFor('r', SHOP, 1)), 'version_conflict');
      expect(route.conflict?.changes).toEqual([
        {
          pointer: '/spec/validation/httpBasic/passwordHashes/ann',
          before: '***',
          after: '***',
          masked: true,
        },
        { pointer: '/spec/validation/httpBasic/passwordHashes/bob', after: '***', masked: true },
      ]);
      await store.putSecret(caWrite('ca', 'one'));
      await store.putSecret(caWrite('ca', 'two'));
      const secret = await refusal(store.deleteSecret(targetFor('ca', SHOP, 1)), 'version_conflict');
      expect(secret.conflict?.changes).toEqual([
        { pointer: '/details/caPem', before: 'one', after: 'two' },
        { pointer: '/secret', masked: true },
      ]);
      expect(JSON.stringify(secret.conflict)).not.toContain('sealed');
    });

    test('what is older than the kept versions, or never was, has no list of changes', async () => {
      await store.createService(serviceWrite('cart'));
      for (let n = 0; n <= LIMITS.versionsKept; n += 1)
        await store.updateService(serviceWrite('cart', 4000 + n));
      const since = async (version: number) =>
        (await refusal(store.deleteService(targetFor('cart', SHOP, version)), 'version_conflict')).conflict
          ?.changes;
      expect(await since(1)).toBeNull();
      expect(await since(2)).toHaveLength(1);
      expect(await since(99)).toBeNull();
    });

    test('another resource that got the name since is not taken for the one that was read', async () => {
      const { record } = await store.createService(serviceWrite('cart'));
      await store.deleteService(targetFor('cart'));
      await store.createService(serviceWrite('cart'));
      const target = { ...targetFor('cart', SHOP, 1), ifId: record.id.slice(0, 8) };
      expect((await refusal(store.deleteService(target), 'version_conflict')).conflict?.changes).toBeNull();
      await store.deleteService(targetFor('cart', SHOP, 1));
    });
  });

  describe('repeated creates', () => {
    test('the very same content is given back, with no new version and no change', async () => {
      const service = { ...serviceWrite('cart'), labels: { team: 'a' } };
      const first = await store.createService(service);
      const route = await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      const before = await readChanges(store);
      expect(await store.createService(service)).toMatchObject({
        created: false,
        job: null,
        record: { id: first.record.id, version: 1 },
      });
      expect(await store.createRoute(routeWrite('r', 'a.example.org', 'cart'))).toMatchObject({
        created: false,
        record: { id: route.record.id, version: 1 },
      });
      expect(await readChanges(store)).toEqual(before);
    });

    test('other content is refused and what differs is named; so is anything where nothing may exist', async () => {
      await store.createService({ ...serviceWrite('cart'), labels: { team: 'a' } });
      const error = await refusal(store.createService(serviceWrite('cart', 3001)), 'already_exists');
      expect(error.conflict).toMatchObject({
        version: 1,
        yourVersion: null,
        changes: [
          { pointer: '/labels/team', before: 'a' },
          { pointer: '/spec/targets/0', before: 'http://127.0.0.1:3000', after: 'http://127.0.0.1:3001' },
        ],
      });
      const same = { ...serviceWrite('cart'), labels: { team: 'a' }, ifVersion: 0 };
      await refusal(store.createService(same), 'already_exists');
      await store.putSecret({ ...caWrite('ca'), ifVersion: 0 });
      await refusal(store.putSecret({ ...caWrite('ca'), ifVersion: 0 }), 'already_exists');
      expect(await store.getSecret(targetFor('ca'))).toMatchObject({ version: 1 });
    });

    test('a create that asked for a generated host means the one its first call got', async () => {
      await store.createService(serviceWrite('cart'));
      const generated = (host: string) => ({ ...routeWrite('r', host, 'cart'), generatedHost: true });
      await store.createRoute(generated('one.localhost'));
      const again = await store.createRoute(generated('two.localhost'));
      expect([again.created, again.record.spec.host]).toEqual([false, hostOf('one.localhost')]);
      await store.createRoute(routeWrite('chosen', 'c.example.org', 'cart'));
      const other = { ...routeWrite('chosen', 'three.localhost', 'cart'), generatedHost: true };
      await refusal(store.createRoute(other), 'already_exists');
    });
  });

  describe('dry runs', () => {
    test('a trial of what would become a job names none', async () => {
      await store.createService(serviceWrite('cart'));
      for (let n = 0; n <= LIMITS.inlineRecompiledHostsMax; n += 1)
        await store.createRoute(routeWrite(`r${n}`, `r${n}.example.org`, 'cart'));
      expect((await store.updateService(serviceWrite('cart', 9), { dryRun: true })).job).toBeNull();
      expect((await store.updateService(serviceWrite('cart', 9))).job).not.toBeNull();
    });

    test('every write answers as it would and leaves nothing, not even a revision', async () => {
      await store.putSecret(caWrite('ca'));
      await store.createService(serviceWrite('cart'));
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      const state = async () => ({
        cursor: await store.cursor(),
        changes: await readChanges(store),
        secrets: await store.listSecrets(SHOP, { limit: 100 }),
        services: await store.listServices(SHOP, { limit: 100 }),
        routes: await store.listRoutes(SHOP, { limit: 100 }),
      });
      const before = await state();
      const dryRun = { dryRun: true };
      const { revision } = before.cursor;
      expect(await store.putSecret(caWrite('new'), dryRun)).toMatchObject({ created: true, revision });
      expect(await store.putSecret(caWrite('ca', 'two'), dryRun)).toMatchObject({ record: { version: 2 } });
      expect(await store.createService(serviceWrite('more'), dryRun)).toMatchObject({ created: true });
      expect(await store.updateService(serviceWrite('cart', 9), dryRun)).toMatchObject({
        record: { version: 2, usedBy: ['route/r'] },
        revision,
      });
      expect(await store.createRoute(routeWrite('x', 'x.example.org', 'cart'), dryRun)).toMatchObject({
        created: true,
        record: { document: { host: 'x.example.org' } },
        revision,
      });
      expect(await store.updateRoute(routeWrite('r', 'b.example.org', 'cart'), dryRun)).toMatchObject({
        record: { document: { host: 'b.example.org' } },
      });
      expect(await store.deleteRoute(targetFor('r'), dryRun)).toEqual({ revision });
      expect(await state()).toEqual(before);
      await store.updateRoute(routeWrite('r', 'b.example.org', 'cart'));
      expect((await store.cursor()).revision).toBeGreaterThan(revision);
    });

    test('what would be refused is refused, with the same findings', async () => {
      const dryRun = { dryRun: true };
      const error = await refusal(
        store.createRoute(routeWrite('r', 'a.example.org', 'absent'), dryRun),
        'validation_failed',
      );
      expect(error.findings).toMatchObject([{ pointer: '/routes/0/route/service' }]);
      await store.createService(serviceWrite('cart'));
      await refusal(
        store.updateService({ ...serviceWrite('cart', 9), ifVersion: 7 }, dryRun),
        'version_conflict',
      );
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      await refusal(store.deleteService(targetFor('cart'), dryRun), 'in_use');
      await refusal(store.createRoute(routeWrite('s', 'a.example.org', 'cart'), dryRun), 'hostname_taken');
    });
  });

  test('whoever listens hears of every write, of this process and of another, also without a change for edges', async () => {
    const other = await openSuiteStore(harness.url, clock);
    let heard = 0;
    const off = store.onWrite(() => {
      heard += 1;
    });
    await store.createService(serviceWrite('cart'));
    await vi.waitFor(() => expect(heard).toBe(1), 30_000);
    await store.createService(serviceWrite('tried'), { dryRun: true });
    await other.createService(serviceWrite('more'));
    await vi.waitFor(() => expect(heard).toBe(2), 30_000);
    off();
    await other.close();
  });
}
