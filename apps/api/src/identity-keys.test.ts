import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { CHANGE_BODIES, IDENTITY_KEYS, type IdentityKeys } from '@postern/contracts';
import { newEdgeKeyPair, newMasterKey, openAtEdge, sealerToEdge } from '@postern/pki';
import { expect, test } from 'vitest';
import { resealForEdge } from './reseal-for-edge.ts';
import { nextIdentityKeys } from './rotate-identity-keys.ts';
import { startTestApi } from './testing/test-api.ts';

const masterKey = newMasterKey();
const START = Date.parse('2026-01-01T00:00:00Z');
const DAY_MS = 86_400_000;

function next(present: IdentityKeys | undefined, now: number): IdentityKeys {
  const keys = nextIdentityKeys(present, { masterKey, now });
  if (keys === null) throw new Error('nothing follows');
  return keys;
}

test('the first key signs at once; a successor stands in the key set for an hour before it does', () => {
  const first = next(undefined, START);
  expect(first.keys).toHaveLength(1);
  expect(first.keys[0]?.signsFrom).toBe(new Date(START).toISOString());
  expect(nextIdentityKeys(first, { masterKey, now: START + 7 * DAY_MS - 1 })).toBeNull();
  const second = next(first, START + 7 * DAY_MS);
  expect(second.keys.map(({ id }) => id)).toEqual([second.keys[0]?.id, first.keys[0]?.id]);
  expect(Date.parse(second.keys[0]?.signsFrom ?? '')).toBe(START + 7 * DAY_MS + IDENTITY_KEYS.publishAheadMs);
});

test('keys that have expired go, and a year of rotation keeps few', () => {
  let keys = next(undefined, START);
  for (let day = 1; day < 365; day += 1) {
    const now = START + day * DAY_MS;
    keys = nextIdentityKeys(keys, { masterKey, now }) ?? keys;
    expect(CHANGE_BODIES['identity-keys'].safeParse(keys).success).toBe(true);
    const signing = keys.keys.filter(
      ({ signsFrom, expiresAt }) => Date.parse(signsFrom) <= now && now < Date.parse(expiresAt),
    );
    expect(signing.length).toBeGreaterThan(0);
  }
  expect(keys.keys.length).toBeLessThanOrEqual(5);
  const after = next(keys, START + 2 * 365 * DAY_MS);
  expect(after.keys).toHaveLength(1);
  expect(after.keys[0]?.signsFrom).toBe(after.keys[0]?.createdAt);
});

test('a key from the future, of a clock that was set back, is replaced', () => {
  const wrong = next(undefined, START + 365 * DAY_MS);
  const right = next(wrong, START);
  expect(right.keys).toHaveLength(1);
  expect(Date.parse(right.keys[0]?.signsFrom ?? '')).toBe(START);
});

test('the key set is public and holds nothing private; what one edge gets signs for it, and no other edge opens it', async () => {
  await using api = await startTestApi();
  const empty = await api.call('GET', '/.well-known/jwks.json', { token: null });
  expect([empty.status, empty.json]).toEqual([200, { keys: [] }]);
  const own = api.data.masterKey;
  await api.data.store.updateIdentityKeys((present) =>
    nextIdentityKeys(present, { masterKey: own, now: Date.now() }),
  );
  const { json, headers, text } = await api.call('GET', '/.well-known/jwks.json', { token: null });
  expect(headers.get('cache-control')).toBe('public, max-age=300');
  expect(json.keys).toHaveLength(1);
  expect(Object.keys(json.keys[0])).toEqual(['kty', 'crv', 'x', 'y', 'use', 'alg', 'kid']);
  const [change] = (await api.data.store.changesAfter(0, 100)).filter(({ kind }) => kind === 'identity-keys');
  if (change === undefined) throw new Error('the feed has no keys');
  const stored = CHANGE_BODIES['identity-keys'].parse(change.body).keys[0];
  expect(text).not.toContain(stored?.sealedKey ?? '');

  const edge = newEdgeKeyPair();
  const sent = CHANGE_BODIES['identity-keys'].parse(
    resealForEdge(own, sealerToEdge(edge.publicKey))(change).body,
  ).keys[0];
  if (sent === undefined) throw new Error('no key was sent');
  expect(sent.sealedKey).not.toBe(stored?.sealedKey);
  const use = `edge-identity-key:${sent.id}`;
  const pkcs8 = openAtEdge(edge.privateKeyPem, sent.sealedKey, use);
  expect(() => openAtEdge(newEdgeKeyPair().privateKeyPem, sent.sealedKey, use)).toThrow(
    'could not be opened',
  );
  const privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey({ key: json.keys[0], format: 'jwk' });
  const signature = sign('sha256', Buffer.from('x'), privateKey);
  expect(verify('sha256', Buffer.from('x'), publicKey, signature)).toBe(true);
});
