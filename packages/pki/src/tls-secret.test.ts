import { afterAll, beforeAll, expect, test } from 'vitest';
import { caScript, leafScript, type OpensslFolder, openOpensslFolder } from '../testing/openssl.ts';
import { parseTlsSecret } from './tls-secret.ts';

let folder: OpensslFolder;
let now: number;
beforeAll(() => {
  folder = openOpensslFolder();
  folder.run(caScript('root'));
  folder.run(leafScript('middle', { ca: 'root', extensions: 'basicConstraints=CA:TRUE' }));
  folder.run(
    leafScript('leaf', { ca: 'middle', extensions: 'subjectAltName=DNS:Shop.Example.org,DNS:*.example.org' }),
  );
  folder.run(caScript('other'));
  // Not before the certificates begin.
  now = Date.now();
});
afterAll(() => folder[Symbol.dispose]());

const read = (...names: string[]) => names.map((name) => folder.read(name)).join('');

test('a chain in any order, or parted into cert and ca, is served leaf first', () => {
  const ordered = read('leaf.crt', 'middle.crt', 'root.crt');
  for (const input of [
    { cert: ordered },
    { cert: read('root.crt', 'leaf.crt', 'middle.crt') },
    { cert: read('leaf.crt'), ca: read('root.crt', 'middle.crt') },
  ]) {
    const result = parseTlsSecret({ ...input, key: read('leaf.key') }, now);
    expect(result).toMatchObject({
      ok: true,
      secret: { facts: { chainPem: ordered, names: ['shop.example.org', '*.example.org'] }, warnings: [] },
    });
    if (!result.ok) continue;
    expect(result.secret.details.keys).toEqual(['cert', 'key', ...('ca' in input ? ['ca'] : [])]);
    expect(result.secret.keyPem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(JSON.stringify(result.secret.details)).not.toContain('PRIVATE');
  }
});

test('certificates off the path are left out with a warning', () => {
  const result = parseTlsSecret(
    { cert: read('leaf.crt', 'other.crt', 'middle.crt'), key: read('leaf.key') },
    now,
  );
  expect(result).toMatchObject({
    ok: true,
    secret: {
      facts: { chainPem: read('leaf.crt', 'middle.crt') },
      warnings: [{ code: 'certificate_surplus', severity: 'warning' }],
    },
  });
});

test('a key that fits no certificate, or only one of ca, is refused', () => {
  expect(parseTlsSecret({ cert: read('leaf.crt'), key: read('other.key') }, now)).toMatchObject({
    ok: false,
    findings: [{ code: 'key_mismatch', pointer: '/key' }],
  });
  expect(
    parseTlsSecret({ cert: read('leaf.crt'), key: read('other.key'), ca: read('other.crt') }, now),
  ).toMatchObject({ ok: false, findings: [{ code: 'key_mismatch', pointer: '/key' }] });
});

test('everything wrong with all three parts is said at once', () => {
  const result = parseTlsSecret({ cert: 'x', key: '', ca: read('root.key') }, now);
  expect(result.ok ? [] : result.findings.map(({ pointer, code }) => [pointer, code])).toEqual([
    ['/cert', 'pem_no_block'],
    ['/key', 'pem_empty'],
    ['/ca', 'private_key_here'],
  ]);
});

test('a certificate outside its validity is stored with a warning', () => {
  const input = { cert: read('leaf.crt'), key: read('leaf.key') };
  const day = 86_400_000;
  expect(parseTlsSecret(input, now + 31 * day)).toMatchObject({
    ok: true,
    secret: { warnings: [{ code: 'certificate_expired' }] },
  });
  expect(parseTlsSecret(input, now - day)).toMatchObject({
    ok: true,
    secret: { warnings: [{ code: 'certificate_not_yet_valid' }] },
  });
});

test('chains of more than ten certificates are refused', () => {
  let chain = '';
  let ca = 'root';
  for (let index = 0; index < 10; index += 1) {
    folder.run(leafScript(`ca${index}`, { ca, extensions: 'basicConstraints=CA:TRUE' }));
    ca = `ca${index}`;
    chain = folder.read(`${ca}.crt`) + chain;
  }
  const key = folder.read(`${ca}.key`);
  expect(parseTlsSecret({ cert: chain, key }, now).ok).toBe(true);
  expect(parseTlsSecret({ cert: chain + read('root.crt'), key }, now)).toMatchObject({
    ok: false,
    findings: [{ code: 'chain_too_long' }],
  });
});
