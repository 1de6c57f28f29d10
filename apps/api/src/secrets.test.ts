import type { Hostname } from '@postern/contracts';
import { createLocalAuthority, issueServerCertificate } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
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
