import { type createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseAsymmetricSecret, publicKeyPemOf } from './asymmetric-secret.ts';

const pem = (type: 'spki' | 'pkcs8', key: ReturnType<typeof createPrivateKey>) =>
  key.export({ type, format: 'pem' }).toString();
const one = generateKeyPairSync('ed25519');
const two = generateKeyPairSync('ed25519');

test('a private key, a public key, or a matching pair is accepted; details name only the public half', () => {
  const privateKey = pem('pkcs8', one.privateKey);
  const publicKey = pem('spki', one.publicKey);
  expect(publicKeyPemOf(one.privateKey)).toBe(publicKey);
  const results = [{ privateKey }, { publicKey }, { privateKey, publicKey }].map(parseAsymmetricSecret);
  expect(results.map((result) => result.ok && result.secret.details.keys)).toEqual([
    ['privateKey'],
    ['publicKey'],
    ['privateKey', 'publicKey'],
  ]);
  const fingerprints = results.map((result) => result.ok && result.secret.details.publicKey?.fingerprint);
  expect(new Set(fingerprints).size).toBe(1);
  expect(JSON.stringify(results.map((result) => result.ok && result.secret.details))).not.toContain(
    'PRIVATE',
  );
});

test('halves of different keys, no key at all, and a private key in place of the public one are refused', () => {
  const codes = (input: Parameters<typeof parseAsymmetricSecret>[0]) => {
    const result = parseAsymmetricSecret(input);
    return result.ok ? [] : result.findings.map(({ code, pointer }) => [code, pointer]);
  };
  const privateKey = pem('pkcs8', one.privateKey);
  expect(codes({ privateKey, publicKey: pem('spki', two.publicKey) })).toEqual([
    ['key_mismatch', '/publicKey'],
  ]);
  expect(codes({})).toEqual([['key_missing', '']]);
  expect(codes({ publicKey: privateKey })).toEqual([['pem_foreign_block', '/publicKey']]);
  expect(codes({ publicKey: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----' })).toEqual([
    ['key_undecodable', '/publicKey'],
  ]);
});
