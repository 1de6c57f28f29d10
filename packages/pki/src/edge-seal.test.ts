import { expect, test } from 'vitest';
import { edgePublicKeyOf, newEdgeKeyPair, openAtEdge, sealToEdge } from './edge-seal.ts';

const aad = 'edge-certificate:id-1';

test('only the edge it was sealed to opens a value, and only for its use', () => {
  const edge = newEdgeKeyPair();
  expect(edgePublicKeyOf(edge.privateKeyPem)).toBe(edge.publicKey);
  const sealed = sealToEdge(edge.publicKey, Buffer.from('canary-4711'), aad);
  expect(openAtEdge(edge.privateKeyPem, sealed, aad).toString()).toBe('canary-4711');
  expect(() => openAtEdge(newEdgeKeyPair().privateKeyPem, sealed, aad)).toThrow('could not be opened');
  expect(() => openAtEdge(edge.privateKeyPem, sealed, 'edge-certificate:id-2')).toThrow(
    'could not be opened',
  );
  expect(() => openAtEdge(edge.privateKeyPem, `${sealed}.x`, aad)).toThrow('could not be opened');
  expect(() => openAtEdge(edge.privateKeyPem, sealed.replace('e1.', 'e2.'), aad)).toThrow(
    'could not be opened',
  );
});

test('a public key that is garbage, short or of low order is refused', () => {
  const lowOrder = Buffer.alloc(32).toString('base64url');
  for (const key of ['', 'x', lowOrder, Buffer.alloc(31, 1).toString('base64url')]) {
    expect(() => sealToEdge(key, Buffer.from('x'), aad)).toThrow('not an X25519 public key');
  }
});
