import { type LabelRequirement, parseLabelSelector } from '@postern/contracts';
import { describe, expect, test } from 'vitest';
import type { Store } from '../store.ts';
import {
  caWrite,
  type MakeHarness,
  OTHER,
  routeWrite,
  SHOP,
  serviceWrite,
  targetFor,
} from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

/** Lists: pages, prefixes and labels. */
export function describeLists(makeHarness: MakeHarness): void {
  let store: Store;
  useSuiteStore(makeHarness, (opened) => {
    ({ store } = opened);
  });

  const namesOf = (page: { items: readonly { name: string }[] }) => page.items.map(({ name }) => name);
  const requirementsOf = (text: string): readonly LabelRequirement[] => {
    const parsed = parseLabelSelector(text);
    return 'requirements' in parsed ? parsed.requirements : [];
  };

  describe('lists', () => {
    test('pages follow each other by name, with nothing lost or twice, also while rows come and go', async () => {
      for (const name of ['a', 'b', 'c', 'd', 'e']) await store.createService(serviceWrite(name));
      await store.createService(serviceWrite('z', 1, {}, OTHER));
      const first = await store.listServices(SHOP, { limit: 2 });
      expect([namesOf(first), first.next]).toEqual([['a', 'b'], 'b']);
      await store.deleteService(targetFor('b'));
      await store.createService(serviceWrite('bb'));
      const second = await store.listServices(SHOP, { limit: 2, after: first.next ?? undefined });
      expect([namesOf(second), second.next]).toEqual([['bb', 'c'], 'c']);
      const third = await store.listServices(SHOP, { limit: 2, after: second.next ?? undefined });
      expect([namesOf(third), third.next]).toEqual([['d', 'e'], null]);
    });

    test('a prefix gives the names that begin so and no others', async () => {
      for (const name of ['shop', 'shop-1', 'shop-2', 'shoq', 'sho', 'shop9', 'shopz'])
        await store.putSecret(caWrite(name));
      expect(namesOf(await store.listSecrets(SHOP, { limit: 100, namePrefix: 'shop' }))).toEqual([
        'shop',
        'shop-1',
        'shop-2',
        'shop9',
        'shopz',
      ]);
      const page = await store.listSecrets(SHOP, { limit: 2, namePrefix: 'shop-' });
      expect([namesOf(page), page.next]).toEqual([['shop-1', 'shop-2'], null]);
    });

    test.each([
      ['team=a', ['one', 'two']],
      ['team==a,tier=x', ['one']],
      ['team!=a', ['five', 'four', 'three']],
      ['team', ['one', 'three', 'two']],
      ['!team', ['five', 'four']],
      ['team in (a,b)', ['one', 'three', 'two']],
      ['team notin (a, b)', ['five', 'four']],
      ['acme.org/tier=x,!team', ['four']],
      ['team=a,tier notin (x),!empty', ['two']],
      ['empty=', ['five']],
      ['', ['five', 'four', 'one', 'three', 'two']],
    ])('the selector "%s" gives what kubectl would', async (selector, names) => {
      await store.createService(serviceWrite('cart'));
      const labels = {
        one: { team: 'a', tier: 'x' },
        two: { team: 'a', tier: 'y' },
        three: { team: 'b' },
        four: { 'acme.org/tier': 'x' },
        five: { empty: '' },
      };
      for (const [name, own] of Object.entries(labels))
        await store.createRoute({ ...routeWrite(name, `${name}.example.org`, 'cart'), labels: own });
      const page = await store.listRoutes(SHOP, { limit: 100, labels: requirementsOf(selector) });
      expect([namesOf(page), page.next]).toEqual([names, null]);
    });

    test('what a look for a rare label has to go through comes in pages too, which may be empty', async () => {
      await store.createService({ ...serviceWrite('zz'), labels: { rare: 'yes' } });
      const pages: string[][] = [];
      for (let after: Awaited<ReturnType<Store['listServices']>>['next'] | undefined; after !== null; ) {
        const page = await store.listServices(SHOP, {
          limit: 1,
          after: after ?? undefined,
          labels: requirementsOf('rare=yes'),
        });
        pages.push(namesOf(page));
        after = page.next;
      }
      expect(pages.flat()).toEqual(['zz']);
    });

    test('public details of secrets are had by name, those that are missing left out', async () => {
      await store.putSecret(caWrite('ca'));
      const details = await store.secretDetails(SHOP, ['ca', 'none']);
      expect([...details.keys()]).toEqual(['ca']);
      expect(details.get('ca')).toMatchObject({ caPem: 'one' });
    });
  });
}
