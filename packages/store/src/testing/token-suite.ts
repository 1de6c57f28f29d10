import { LIMITS } from '@postern/contracts';
import { describe, expect, test } from 'vitest';
import type { Store, TokenWrite } from '../store.ts';
import { refusal } from './refusal.ts';
import { type MakeHarness, START, type TestClock, targetFor } from './suite-fixtures.ts';
import { useSuiteStore } from './use-suite-store.ts';

const HOUR_MS = 3_600_000;

function tokenWrite(name: string, more: Partial<TokenWrite> = {}): TokenWrite {
  return { name, scope: 'admin', hash: `hash of ${name}`, expiresAt: null, ...more };
}

const nameOf = (text: string) => targetFor(text).name;

/** Tokens: found by hash, listed and revoked by name, and once revoked never valid again. */
export function describeTokens(makeHarness: MakeHarness): void {
  let store: Store;
  let clock: TestClock;
  useSuiteStore(makeHarness, (opened) => {
    ({ clock, store } = opened);
  });

  describe('tokens', () => {
    test('a token is found by its hash, by its name and in the list, with its last use', async () => {
      const token = await store.createToken(tokenWrite('ci', { expiresAt: START + HOUR_MS }));
      expect(token).toMatchObject({ createdAt: START, expiresAt: START + HOUR_MS, lastUsedAt: null });
      expect(await store.findToken(token.hash)).toEqual(token);
      expect(await store.findToken('unknown')).toBeNull();
      clock.now += 5;
      await store.noteTokenUse(token.id);
      await store.createToken(tokenWrite('a'));
      expect((await store.getToken(nameOf('ci'))).lastUsedAt).toBe(START + 5);
      expect((await store.listTokens()).map(({ name }) => name)).toEqual(['a', 'ci']);
    });

    test('an edge token is bound to the first edge key and to no other', async () => {
      const token = await store.createToken(tokenWrite('edge', { scope: 'edge' }));
      expect(await store.bindEdgeKey(token.id, 'key-1')).toBe(true);
      expect(await store.bindEdgeKey(token.id, 'key-1')).toBe(true);
      expect(await store.bindEdgeKey(token.id, 'key-2')).toBe(false);
      expect(await store.bindEdgeKey('unknown', 'key-1')).toBe(false);
      expect(await store.findToken(token.hash)).toMatchObject({ edgeKey: 'key-1' });
      await store.revokeToken(nameOf('edge'), { force: false });
      expect(await store.bindEdgeKey(token.id, 'key-1')).toBe(false);
    });

    test('an admin token is bound to no edge', async () => {
      const token = await store.createToken(tokenWrite('admin'));
      expect(await store.bindEdgeKey(token.id, 'key-1')).toBe(false);
    });

    test('a name and a value are stored once; a name is free again after revocation, a value never', async () => {
      await store.createToken(tokenWrite('admin'));
      const edge = await store.createToken(tokenWrite('edge', { scope: 'edge' }));
      await refusal(store.createToken(tokenWrite('edge', { hash: 'other' })), 'already_exists');
      await refusal(store.createToken(tokenWrite('twin', { hash: edge.hash })), 'already_exists');
      clock.now += HOUR_MS;
      const revoked = await store.revokeToken(nameOf('edge'), { force: false });
      expect(revoked).toEqual({ ...edge, revokedAt: clock.now });
      expect(await store.findToken(edge.hash)).toEqual(revoked);
      await refusal(store.getToken(nameOf('edge')), 'not_found');
      await refusal(store.revokeToken(nameOf('edge'), { force: true }), 'not_found');
      expect((await store.listTokens()).map(({ name }) => name)).toEqual(['admin']);
      await refusal(store.createToken(tokenWrite('edge', { hash: edge.hash })), 'already_exists');
      const next = await store.createToken(tokenWrite('edge', { scope: 'edge', hash: 'new' }));
      expect(next.id).not.toBe(edge.id);
    });

    test('a replaced token is revoked, and revoked alone', async () => {
      const old = await store.createToken(tokenWrite('edge', { scope: 'edge' }));
      const other = await store.createToken(tokenWrite('admin'));
      const next = await store.replaceToken(tokenWrite('edge', { scope: 'edge', hash: 'new' }));
      expect(await store.findToken(old.hash)).toMatchObject({ revokedAt: START });
      expect(await store.listTokens()).toEqual([other, next]);
      await refusal(store.replaceToken(tokenWrite('edge', { hash: old.hash })), 'already_exists');
      expect(await store.listTokens()).toEqual([other, next]);
    });

    test('the last admin token that is neither revoked nor expired goes by force only', async () => {
      await store.createToken(tokenWrite('admin'));
      await store.createToken(tokenWrite('edge', { scope: 'edge' }));
      await store.createToken(tokenWrite('brief', { expiresAt: START + HOUR_MS }));
      clock.now += HOUR_MS;
      await refusal(store.revokeToken(nameOf('admin'), { force: false }), 'last_admin_token');
      await store.revokeToken(nameOf('brief'), { force: false });
      await store.createToken(tokenWrite('second'));
      await store.revokeToken(nameOf('admin'), { force: false });
      await refusal(store.revokeToken(nameOf('second'), { force: false }), 'last_admin_token');
      await store.revokeToken(nameOf('second'), { force: true });
      expect((await store.listTokens()).map(({ name }) => name)).toEqual(['edge']);
    });

    test('there is an end to tokens', async () => {
      for (let n = 0; n < LIMITS.tokensMax; n += 1) await store.createToken(tokenWrite(`t${n}`));
      await refusal(store.createToken(tokenWrite('more')), 'validation_failed');
      await store.revokeToken(nameOf('t1'), { force: false });
      await store.createToken(tokenWrite('more'));
    });
  });
}
