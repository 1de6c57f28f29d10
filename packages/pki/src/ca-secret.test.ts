import { LIMITS } from '@postern/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caScript, leafScript, type OpensslFolder, openOpensslFolder } from '../testing/openssl.ts';
import { parseCaSecret } from './ca-secret.ts';

let folder: OpensslFolder;
const now = Date.now();
beforeAll(() => {
  folder = openOpensslFolder();
  folder.run(caScript('one'));
  folder.run(caScript('two'));
});
afterAll(() => folder[Symbol.dispose]());

const parse = (text: string, at = now) => parseCaSecret(text, { pointer: '/cert', now: at });
const codes = (text: string) => {
  const result = parse(text);
  return result.ok ? [] : result.findings.map(({ code, line }) => [code, line]);
};

test('a bundle of CAs becomes anchors in order, with a content hash that names exactly them', () => {
  const one = folder.read('one.crt');
  const two = folder.read('two.crt');
  const both = parse(`${one}# between\n${two}`);
  const reversed = parse(two + one);
  expect(both).toMatchObject({
    ok: true,
    secret: {
      bundle: { anchorsPem: [one, two] },
      details: { keys: ['cert'], caPem: one + two },
      warnings: [],
    },
  });
  if (!both.ok || !reversed.ok) return;
  expect(both.secret.bundle.contentHash).toMatch(/^[0-9a-f]{64}$/);
  expect(reversed.secret.bundle.contentHash).not.toBe(both.secret.bundle.contentHash);
});

test('what cannot issue clients is refused with its line: a leaf, a v1 certificate, CA:FALSE, no keyCertSign, a key', () => {
  folder.run(leafScript('leaf', { ca: 'one', extensions: 'basicConstraints=CA:FALSE' }));
  folder.run(leafScript('v1', { ca: 'one' }));
  folder.run(leafScript('plain', { ca: 'one', extensions: 'subjectAltName=DNS:a.org' }));
  folder.run(
    leafScript('nosign', { ca: 'one', extensions: 'basicConstraints=CA:TRUE\\nkeyUsage=digitalSignature' }),
  );
  const one = folder.read('one.crt');
  const line = one.split('\n').length;
  expect(codes(one + folder.read('leaf.crt'))).toEqual([['not_a_ca', line]]);
  expect(parse(folder.read('leaf.crt'))).toMatchObject({
    findings: [{ message: expect.stringContaining('lacks basicConstraints CA:TRUE') }],
  });
  expect(codes(one + folder.read('v1.crt'))).toEqual([['ca_version', line]]);
  expect(codes(one + folder.read('plain.crt'))).toEqual([['not_a_ca', line]]);
  expect(codes(one + folder.read('nosign.crt'))).toEqual([['ca_key_usage', line]]);
  expect(codes(one + folder.read('one.key'))).toEqual([['private_key_here', line]]);
  expect(codes(folder.read('one.key'))).toEqual([['private_key_here', 1]]);
});

test('a CA that OpenSSL would not use is refused, though it says that it is one', () => {
  folder.run(leafScript('odd', { ca: 'one', extensions: 'basicConstraints=critical,CA:TRUE,pathlen:-1' }));
  const parsed = parse(folder.read('odd.crt'));
  expect(parsed).toMatchObject({
    ok: false,
    findings: [{ code: 'certificate_undecodable', message: expect.stringContaining('negative') }],
  });
});

test('nothing usable falls back to trusting something: zero CAs, garbage and a cut second block are refused', () => {
  const one = folder.read('one.crt');
  for (const text of [
    '',
    '\n',
    'garbage',
    one.slice(0, -20),
    one + one.slice(0, 200),
    one.replace('MII', 'M!I'),
  ]) {
    expect(parse(text).ok, text.slice(0, 40)).toBe(false);
  }
});

test('a CA sent twice is stored once with a warning; an expired one with a warning beside others, alone it is refused', () => {
  const one = folder.read('one.crt');
  const twice = parse(one + one);
  expect(twice).toMatchObject({
    ok: true,
    secret: {
      bundle: { anchorsPem: [one] },
      warnings: [{ code: 'certificate_duplicate', severity: 'warning' }],
    },
  });
  folder.run(caScript('long', '/CN=long', 90));
  const later = now + 40 * 86_400_000;
  expect(parse(folder.read('long.crt') + one, later)).toMatchObject({
    ok: true,
    secret: {
      warnings: [{ code: 'certificate_expired', severity: 'warning', line: one.split('\n').length }],
    },
  });
  expect(parse(one, later)).toMatchObject({
    ok: false,
    findings: [{ code: 'certificate_expired', severity: 'error', line: 1 }],
  });
});

test('a CA whose key path validation refuses is refused, beside others stored with a warning', () => {
  folder.run(caScript('weak').replace('ec -pkeyopt ec_paramgen_curve:P-256', 'rsa:1024'));
  const [one, weak] = [folder.read('one.crt'), folder.read('weak.crt')];
  expect(parse(weak)).toMatchObject({
    ok: false,
    findings: [
      {
        code: 'ca_key_weak',
        severity: 'error',
        line: 1,
        message: expect.stringContaining('RSA of 1024 bits; at least 2048'),
      },
    ],
  });
  expect(parse(one + weak)).toMatchObject({
    ok: true,
    secret: { warnings: [{ code: 'ca_key_weak', severity: 'warning', line: one.split('\n').length }] },
  });
});

test('a CA whose own certificate could pass as a client is stored with a warning: no keyUsage, digitalSignature, keyAgreement', () => {
  const usages: readonly (readonly [string, string[]])[] = [
    ['', ['ca_key_usage_absent']],
    ['\\nkeyUsage=keyCertSign,digitalSignature', ['ca_key_usage_wide']],
    ['\\nkeyUsage=keyCertSign,keyAgreement', ['ca_key_usage_wide']],
    ['\\nkeyUsage=keyCertSign,cRLSign', []],
  ];
  for (const [usage, expected] of usages) {
    folder.run(leafScript('sub', { ca: 'one', extensions: `basicConstraints=CA:TRUE${usage}` }));
    const result = parse(folder.read('sub.crt'));
    expect(result.ok ? result.secret.warnings.map(({ code, line }) => [code, line]) : result).toEqual(
      expected.map((code) => [code, 1]),
    );
  }
});

test('CAs whose names would break every handshake are refused', () => {
  const organisation = 'x'.repeat(60);
  const units = Array.from({ length: 60 }, (_, index) => `/OU=${organisation}${index}`).join('');
  const count = Math.ceil(LIMITS.anchorNamesBytesMax / 4000) + 1;
  let text = '';
  for (let index = 0; index < count; index += 1) {
    folder.run(caScript('wide', `${units}/CN=${index}`));
    text += folder.read('wide.crt');
  }
  expect(codes(text)).toEqual([['ca_names_too_large', undefined]]);
});
