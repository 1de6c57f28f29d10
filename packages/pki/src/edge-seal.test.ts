import { expect, test } from 'vitest';
import { edgePublicKeyOf, newEdgeKeyPair, openAtEdge, sealerToEdge } from './edge-seal.ts';

const aad = 'edge-certificate:id-1';

test('only the edge it was sealed to opens a value, and only for its use', () => {
  const edge = newEdgeKeyPair();
  expect(edgePublicKeyOf(edge.privateKeyPem)).toBe(edge.publicKey);
  const sealed = sealerToEdge(edge.publicKey)(Buffer.from('canary-4711'), aad);
  expect(openAtEdge(edge.privateKeyPem, sealed, aad).toString()).toBe('canary-4711');
  expect(() => openAtEdge(newEdgeKeyPair().privateKeyPem, sealed, aad)).toThrow('could not be opened');
  expect(() => openAtEdge(edge.privateKeyPem, sealed, 'edge-certificate:id-2')).toThrow(
    'could not be opened',
  );
  expect(() => openAtEdge(edge.privateKeyPem, `${sealed}.x`, aad)).toThrow('could not be opened');
  expect(() => openAtEdge(edge.privateKeyPem, sealed.replace('e2.', 'e3.'), aad)).toThrow(
    'could not be opened',
  );
});

test('a public key that is garbage, short or of low order is refused', () => {
  const lowOrder = Buffer.alloc(32).toString('base64url');
  for (const key of ['', 'x', lowOrder, Buffer.alloc(31, 1).toString('base64url')]) {
    expect(() => sealerToEdge(key)).toThrow('not an X25519 public key');
  }
});

test('values of one sealer are sealed under one agreement, never under the same number, and open in any order and among those of others', () => {
  const edge = newEdgeKeyPair();
  const [one, other] = [sealerToEdge(edge.publicKey), sealerToEdge(edge.publicKey)];
  const sealed = [one, other, one, one, other].map((seal, n) => seal(Buffer.from(`value ${n}`), aad));
  const numbered = sealed.map((text) => text.slice(0, text.lastIndexOf('.') + 1 + 16));
  expect(new Set(numbered).size).toBe(sealed.length);
  const agreements = sealed.map((text) => text.split('.')[1]);
  expect(new Set(agreements).size).toBe(2);
  for (const n of [3, 0, 1, 4, 2])
    expect(openAtEdge(edge.privateKeyPem, sealed[n] ?? '', aad).toString()).toBe(`value ${n}`);
  const [mixed = '', from = ''] = sealed;
  const crossed = mixed.replace(/[^.]+$/, from.split('.')[2] ?? '');
  expect(() => openAtEdge(edge.privateKeyPem, crossed, aad)).toThrow('could not be opened');
});

test('what a replica holds in the former form is opened', () => {
  const privateKeyPem =
    '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEINB9qNXh44jbiPBC6JfTB+7M7IeDyhLQxB0VkeD1rilj\n-----END PRIVATE KEY-----\n';
  const sealed = 'e1.ZwD7_M3e1BkSlRoUa3YOx6gPLHfPEO-_mOavFz7Ta0M.-VQxKK-mtAzNKbbmP290hLn4eZlJ4u9nQPh4';
  expect(openAtEdge(privateKeyPem, sealed, aad).toString()).toBe('canary-4711');
  expect(() => openAtEdge(privateKeyPem, sealed, 'edge-certificate:id-2')).toThrow('could not be opened');
});
