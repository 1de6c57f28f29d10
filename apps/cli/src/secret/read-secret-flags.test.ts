import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPemBlocks } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSecretFlags } from './read-secret-flags.ts';

const der = Buffer.concat([Buffer.from([0x30, 0x82, 0x01, 0x00]), Buffer.alloc(256, 7)]);
let folder: string;
let file: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-flags-'));
  file = join(folder, 'list.crl');
  writeFileSync(file, der);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a revocation list in DER is sent as PEM, hard unless it is to be soft', () => {
  const { input } = readSecretFlags('crl', { crl: file, 'tls-ca': 'acme' });
  expect(input).toMatchObject({ type: 'crl', ca: { name: 'acme' }, policy: 'hard' });
  const { blocks, findings } = readPemBlocks('crl' in input ? (input.crl ?? '') : '', {
    pointer: '',
    use: 'crl',
  });
  expect(findings).toEqual([]);
  expect(blocks).toMatchObject([{ label: 'X509 CRL', der }]);
  const soft = readSecretFlags('crl', { crl: file, 'tls-ca': 'acme', policy: 'soft' });
  expect(soft.input).toMatchObject({ policy: 'soft' });
});

test('a list that is fetched is its URL, and how often', () => {
  const url = 'http://crl.acme.org/acme.crl';
  const { input } = readSecretFlags('crl', { url, refresh: '15m', 'tls-ca': 'acme' });
  expect(input).toEqual({ type: 'crl', ca: { name: 'acme' }, url, refreshSeconds: 900, policy: 'hard' });
});

test.each([
  [{ crl: 'FILE' }, 'needs --tls-ca'],
  [{ 'tls-ca': 'acme' }, 'either --crl FILE or --url URL'],
  [{ crl: 'FILE', url: 'http://a', 'tls-ca': 'acme' }, 'either --crl FILE or --url URL'],
  [{ crl: 'FILE', refresh: '1h', 'tls-ca': 'acme' }, '--refresh needs --url'],
  [{ url: 'http://a', refresh: '1s', 'tls-ca': 'acme' }, 'between 60 s and 7 d'],
  [{ crl: 'FILE', 'tls-ca': 'Not A Name' }, 'needs --tls-ca'],
  [{ crl: 'FILE', 'tls-ca': 'acme', cert: 'x.crt' }, '--cert does not belong'],
])('%j is a usage failure', (flags, message) => {
  expect(() => readSecretFlags('crl', flags)).toThrow(message);
});
