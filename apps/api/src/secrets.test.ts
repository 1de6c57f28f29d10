import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type Hostname, LIMITS } from '@postern/contracts';
import { createLocalAuthority, issueServerCertificate } from '@postern/pki';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shapeOf, specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let caPem: string;
let tls: { cert: string; key: string };
beforeAll(async () => {
  api = await startTestApi();
  const authority = await createLocalAuthority({ name: 'Test CA', now: Date.now() });
  const issued = await issueServerCertificate({
    authority,
    host: 'a.example.org' as Hostname,
    now: Date.now(),
  });
  caPem = authority.certPem;
  tls = { cert: issued.chainPem, key: issued.keyPem };
  await api.call('POST', 'services', {
    body: { name: 'echo', spec: { targets: ['http://127.0.0.1:3000'] } },
  });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

const put = (name: string, secret: object, headers = {}) =>
  api.call('PUT', `secrets/${name}`, { body: { secret }, headers });

test('a tls-ca secret is created, replaced, read and listed with its certificates', async () => {
  const created = await put('ca', { type: 'tls-ca', cert: caPem });
  expect([created.status, created.headers.get('location')]).toEqual([201, '/v1/projects/default/secrets/ca']);
  expect(created.json.details).toMatchObject({ keys: ['cert'], certificates: [{ isCa: true }] });
  expect(created.json.details.caPem).toContain('BEGIN CERTIFICATE');
  const again = await put('ca', { type: 'tls-ca', cert: caPem }, { 'if-match': '"1"' });
  expect([again.status, again.headers.get('location')]).toEqual([200, null]);
  const read = await api.call('GET', 'secrets/ca');
  expect(read.json).toMatchObject({ type: 'tls-ca', version: again.json.version, usedBy: [], findings: [] });
  expect((await api.call('GET', 'secrets')).json.items).toContainEqual(read.json);
});

test('the other types are kept with their key names and fingerprints', async () => {
  const stored = [
    await put('site', { type: 'tls', ...tls }),
    await put('config', { type: 'generic', data: { b: 'eA==', a: 'eQ==' } }),
    await put('hmac', { type: 'symmetric', secretKey: 'c2VjcmV0' }),
    await put('signing', { type: 'asymmetric', privateKey: tls.key }),
  ];
  expect(stored.map(({ status, json }) => [status, json.type, json.details.keys])).toEqual([
    [201, 'tls', ['cert', 'key']],
    [201, 'generic', ['a', 'b']],
    [201, 'symmetric', ['secretKey']],
    [201, 'asymmetric', ['privateKey']],
  ]);
  expect(stored[0]?.json.details.certificates[0].dnsNames).toEqual(['a.example.org']);
  expect(stored[3]?.json.details.publicKey.keyType).toContain('P-256');
});

test('PEM trouble is found at its line inside the value', async () => {
  const truncated = `${caPem}\nnotes\n-----BEGIN CERTIFICATE-----\nAAAA\n`;
  const { status, json } = await put('bad', { type: 'tls-ca', cert: truncated });
  expect([status, shapeOf(json).pointers]).toEqual([422, ['/secret/cert']]);
  const { line, column } = json.findings[0];
  expect([line, column]).toEqual([truncated.split('\n').indexOf('-----BEGIN CERTIFICATE-----', 1) + 1, 1]);
  const mismatch = await put('bad', { type: 'tls', cert: caPem, key: tls.key });
  expect(shapeOf(mismatch.json)).toEqual({ code: 'validation_failed', pointers: ['/secret/key'] });
  const leaf = await put('bad', { type: 'tls-ca', cert: tls.cert });
  expect(leaf.json.findings[0].code).toBe('not_a_ca');
  expect((await api.call('GET', 'secrets/bad')).status).toBe(404);
});

test('a secret keeps its type, and one in use is not deleted, the answer naming who uses it', async () => {
  await put('kept', { type: 'tls-ca', cert: caPem });
  expect(shapeOf((await put('kept', { type: 'symmetric', secretKey: 'eA==' })).json)).toEqual({
    code: 'validation_failed',
    pointers: ['/secret/type'],
  });
  await api.call('POST', 'routes', {
    body: {
      name: 'mine',
      spec: specOf('kept.localhost', 'echo', { tls: { clientValidationCa: { name: 'kept' } } }),
    },
  });
  const refused = await api.call('DELETE', 'secrets/kept');
  expect([refused.status, refused.json.code]).toEqual([409, 'in_use']);
  expect(refused.json.detail).toContain('mine');
  await api.call('DELETE', 'routes/mine');
  expect((await api.call('DELETE', 'secrets/kept')).status).toBe(204);
});

test('get shows of each certificate what a person must know to tell it apart, and never its key', async () => {
  await put('shown', { type: 'tls', ...tls, ca: caPem });
  const { json, text } = await api.call('GET', 'secrets/shown');
  const [leaf, ca] = json.details.certificates;
  expect(leaf).toMatchObject({
    subject: 'CN=a.example.org',
    issuer: 'CN=Test CA',
    dnsNames: ['a.example.org'],
    keyType: 'EC P-256',
    isCa: false,
    extendedKeyUsage: ['serverAuth'],
    fingerprint: new X509Certificate(tls.cert).fingerprint256.replaceAll(':', '').toLowerCase(),
  });
  expect(Date.parse(leaf.notBefore)).toBeLessThan(Date.parse(leaf.notAfter));
  expect(ca).toMatchObject({ subject: 'CN=Test CA', isCa: true, pathLength: 0 });
  expect(text).not.toContain('PRIVATE KEY');
});

describe('a secret is refused with reason and place', () => {
  const encrypted = () =>
    createPrivateKey(tls.key)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString();
  const lineAfterCa = () => caPem.split('\n').length;
  test.each<[string, () => object, string, string, (() => number) | undefined]>([
    [
      'an encrypted key',
      () => ({ type: 'tls', cert: tls.cert, key: encrypted() }),
      'key_encrypted',
      '/secret/key',
      () => 1,
    ],
    [
      'a DER file',
      () => ({ type: 'tls-ca', cert: new X509Certificate(caPem).raw.toString('latin1') }),
      'pem_is_der',
      '/secret/cert',
      undefined,
    ],
    [
      'a key that does not match',
      () => ({ type: 'tls', cert: caPem, key: tls.key }),
      'key_mismatch',
      '/secret/key',
      undefined,
    ],
    [
      'a leaf as CA',
      () => ({ type: 'tls-ca', cert: caPem + tls.cert }),
      'not_a_ca',
      '/secret/cert',
      lineAfterCa,
    ],
    [
      'a private key beside a CA',
      () => ({ type: 'tls-ca', cert: caPem + tls.key }),
      'private_key_here',
      '/secret/cert',
      lineAfterCa,
    ],
    [
      'a garbled second block',
      () => ({ type: 'tls-ca', cert: caPem + caPem.replace('MII', 'M!I') }),
      'pem_base64',
      '/secret/cert',
      undefined,
    ],
    [
      'a truncated second block',
      () => ({ type: 'tls-ca', cert: caPem + caPem.slice(0, 200) }),
      'pem_truncated',
      '/secret/cert',
      lineAfterCa,
    ],
    ['no CA at all', () => ({ type: 'tls-ca', cert: 'nothing' }), 'pem_no_block', '/secret/cert', undefined],
    [
      'too many bytes',
      () => ({ type: 'tls-ca', cert: 'x'.repeat(LIMITS.secretBytesMax + 1) }),
      'invalid_value',
      '/secret/cert',
      undefined,
    ],
  ])('%s', async (_, secret, code, pointer, line) => {
    const { status, json } = await put('refused', secret());
    expect([status, json.code]).toEqual([422, 'validation_failed']);
    const finding = json.findings.find((each: { code: string }) => each.code === code);
    expect(finding, JSON.stringify(json.findings)).toMatchObject({
      pointer,
      ...(line === undefined ? {} : { line: line() }),
    });
    expect((await api.call('GET', 'secrets/refused')).status).toBe(404);
  });
});

test('a secret tells which routes and services name it, and while they do it is not deleted', async () => {
  await put('both', { type: 'tls-ca', cert: caPem });
  await api.call('POST', 'services', {
    body: { name: 'secured', spec: { targets: ['https://127.0.0.1:1'], tls: { ca: { name: 'both' } } } },
  });
  await api.call('POST', 'routes', {
    body: {
      name: 'one',
      spec: specOf('one.localhost', 'echo', { tls: { clientValidationCa: { name: 'both' } } }),
    },
  });
  expect((await api.call('GET', 'secrets/both')).json.usedBy).toEqual(['route/one', 'service/secured']);
  expect((await api.call('DELETE', 'secrets/both')).json.detail).toBe(
    'secret both is used by route/one, service/secured',
  );
  await api.call('DELETE', 'routes/one');
  expect((await api.call('DELETE', 'secrets/both')).status).toBe(409);
  await api.call('DELETE', 'services/secured');
  expect((await api.call('DELETE', 'secrets/both')).status).toBe(204);
});
