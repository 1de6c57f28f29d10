import { LIMITS, type RevocationDocument, resourceName } from '@postern/contracts';
import { describe, expect, test } from 'vitest';
import type { RevocationWrite, Store } from '../store.ts';
import { refusal } from './refusal.ts';
import {
  caWrite,
  type MakeHarness,
  OTHER,
  readChanges,
  routeWrite,
  SHOP,
  START,
  serviceWrite,
  targetFor,
} from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

const revocation = (subject: string, more: Partial<RevocationWrite> = {}): RevocationWrite => ({
  project: SHOP,
  client: { by: 'subject', subject },
  issuerKey: null,
  reason: 'unspecified',
  route: null,
  ca: null,
  ...more,
});
const named = (text: string) => resourceName.parse(text);

/** Revocations: rows of a project, one document for its edges, and hosts that say that there is one. */
export function describeRevocations(makeHarness: MakeHarness): void {
  let store: Store;
  useSuiteStore(makeHarness, (opened) => {
    ({ store } = opened);
  });
  const documentOf = async (project = SHOP) => {
    const changes = await readChanges(store);
    return changes.find(({ kind, id }) => kind === 'revocation' && id === project)?.body as
      | RevocationDocument
      | undefined;
  };

  describe('revocations', () => {
    test('what is revoked is listed, told to edges at once, and the same again is no second one', async () => {
      const first = await store.createRevocation(revocation('jane'), { by: 'ci' });
      expect(first).toMatchObject({ created: true, record: { createdAt: START, createdBy: 'ci' } });
      const { revision } = await store.cursor();
      expect(first.revision).toBe(revision);
      const again = await store.createRevocation(revocation('JANE', { reason: 'superseded' }));
      expect(again).toMatchObject({ created: false, record: first.record });
      const serial = { by: 'serial', serialNumber: 'ff', issuer: 'CN=A' } as const;
      const second = await store.createRevocation(
        revocation('', { client: serial, issuerKey: '2.5.4.3:1:a', reason: 'keyCompromise' }),
      );
      expect(await store.listRevocations(SHOP)).toHaveLength(2);
      expect(await store.listRevocations(OTHER)).toEqual([]);
      expect(await store.getRevocation(SHOP, first.record.id)).toEqual(first.record);
      const entries = (await documentOf())?.entries ?? [];
      expect(entries.find(({ id }) => id === second.record.id)?.client).toEqual({
        ...{ by: 'serial', serialNumber: 'ff', issuerKey: '2.5.4.3:1:a' },
      });
      expect(await documentOf(OTHER)).toBeUndefined();
    });

    test('letters that only look alike are other names', async () => {
      await store.createRevocation(revocation('k'));
      expect(await store.createRevocation(revocation('\u212a'))).toMatchObject({ created: true });
    });

    test('one that is taken back is gone from the document, which stays, for hosts say that it is there', async () => {
      await store.putSecret(caWrite('ca'));
      await store.createService(serviceWrite('cart'));
      const tls = { tls: { clientValidationCa: { name: 'ca' } } };
      await store.createRoute(routeWrite('before', 'a.example.org', 'cart', tls));
      const says = async (name: string) => {
        const { document } = await store.getRoute(targetFor(name));
        return document.clientCertificate?.revocations;
      };
      expect(await says('before')).toBeUndefined();
      const { record } = await store.createRevocation(revocation('jane'));
      expect(await says('before')).toBe(true);
      const { revision } = await store.deleteRevocation(SHOP, record.id);
      expect((await store.cursor()).revision).toBe(revision);
      expect(await documentOf()).toEqual({ entries: [] });
      await store.createRoute(routeWrite('after', 'b.example.org', 'cart', tls));
      expect([await says('before'), await says('after')]).toEqual([true, true]);
      await refusal(store.deleteRevocation(SHOP, record.id), 'not_found');
      await refusal(store.getRevocation(OTHER, record.id), 'not_found');
    });

    test('a revocation for one CA follows it through deletion and a new one of its name; misspelt scopes are refused', async () => {
      await store.createService(serviceWrite('cart'));
      await store.createRoute(routeWrite('r', 'a.example.org', 'cart'));
      const { record: ca } = await store.putSecret(caWrite('ca'));
      await refusal(store.createRevocation(revocation('jane', { ca: named('cq') })), 'not_found');
      await refusal(store.createRevocation(revocation('jane', { route: named('q') })), 'not_found');
      const { record } = await store.createRevocation(
        revocation('jane', { ca: named('ca'), route: named('r') }),
      );
      const entry = { id: record.id, client: record.client, reason: 'unspecified', route: 'r' };
      expect(await documentOf()).toEqual({ entries: [{ ...entry, ca: ca.id }] });
      await store.deleteSecret(targetFor('ca'));
      expect(await documentOf()).toEqual({ entries: [] });
      const { record: next } = await store.putSecret(caWrite('ca', 'two'));
      expect(next.id).not.toBe(ca.id);
      expect(await documentOf()).toEqual({ entries: [{ ...entry, ca: next.id }] });
    });

    test('a dry run revokes nothing, and a project holds a bounded number', async () => {
      const { revision } = await store.cursor();
      await store.createRevocation(revocation('jane'), { dryRun: true });
      expect(await store.listRevocations(SHOP)).toEqual([]);
      expect((await store.cursor()).revision).toBe(revision);
      expect(LIMITS.revocationsMax * (LIMITS.revocationNameCharsMax + 250)).toBeLessThan(4 * 1024 * 1024);
    });
  });
}
