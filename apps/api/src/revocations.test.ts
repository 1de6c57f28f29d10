import { createClient, type PosternClient } from '@postern/client';
import { createLocalAuthority } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shapeOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let client: PosternClient;
beforeAll(async () => {
  api = await startTestApi();
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 60_000 });
  const { certPem } = await createLocalAuthority({ name: 'Acme CA', now: Date.now() });
  await client.secrets.put('default', 'acme', { secret: { type: 'tls-ca', cert: certPem } });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

const FINGERPRINT = 'AB:'.repeat(31).concat('CD');

test('the SDK revokes, lists, and takes back; what is revoked twice is one revocation', async () => {
  const made = await client.revocations.create('default', {
    client: { by: 'fingerprint', fingerprint: FINGERPRINT },
    reason: 'keyCompromise',
    ca: 'acme',
  });
  expect(made).toMatchObject({
    created: true,
    job: null,
    resource: { reason: 'keyCompromise', ca: 'acme', route: null },
  });
  const { id, client: shown, createdBy } = made.resource;
  expect(shown).toEqual({ by: 'fingerprint', fingerprint: `${'ab'.repeat(31)}cd` });
  expect(createdBy).toBe('admin');
  const again = await client.revocations.create('default', { client: shown, ca: 'acme' });
  expect(again).toMatchObject({ created: false, resource: { id } });
  const tried = { client: { by: 'subject', subject: 'jane' } } as const;
  expect(await client.revocations.create('default', tried, { dryRun: true })).toMatchObject({
    created: true,
  });
  expect(await client.revocations.list('default')).toEqual([made.resource]);
  expect(await client.revocations.get('default', id)).toEqual(made.resource);
  await client.revocations.delete('default', id, { dryRun: true });
  expect(await client.revocations.list('default')).toHaveLength(1);
  await client.revocations.delete('default', id);
  expect(await client.revocations.list('default')).toEqual([]);
  await expect(client.revocations.delete('default', id)).rejects.toMatchObject({ code: 'not_found' });
});

test('an issuer is known however it is printed; one that no CA has is warned of', async () => {
  const issued = (issuer: string, serialNumber: string) =>
    client.revocations.create('default', { client: { by: 'serial', serialNumber, issuer } });
  for (const issuer of ['CN=Acme CA', 'cn = acme  ca', '/CN=Acme CA']) {
    const { resource } = await issued(issuer, '00:0A:ff');
    expect(resource).toMatchObject({ client: { serialNumber: 'aff' }, findings: [] });
  }
  expect(await client.revocations.list('default')).toHaveLength(1);
  const { resource } = await issued('CN=Acme Intermediate', '1');
  expect(resource.findings).toMatchObject([{ severity: 'warning', code: 'issuer_unknown' }]);
});

test.each<[string, object, string[]]>([
  ['two ways at once', { by: 'subject', subject: 'a', fingerprint: FINGERPRINT }, ['/client/fingerprint']],
  ['a way that does not exist', { by: 'name', name: 'a' }, ['/client/by']],
  ['half a fingerprint', { by: 'fingerprint', fingerprint: 'abcd' }, ['/client/fingerprint']],
  ['a serial number alone', { by: 'serial', serialNumber: '1' }, ['/client/issuer']],
  [
    'a serial number that is none',
    { by: 'serial', serialNumber: '-1', issuer: 'CN=a' },
    ['/client/serialNumber'],
  ],
  ['an issuer that is no name', { by: 'serial', serialNumber: '1', issuer: 'Acme' }, ['/client/issuer']],
  ['an empty name', { by: 'subject', subject: ' ' }, ['/client/subject']],
  ['a name with control bytes', { by: 'subject', subject: 'a\u001b[2J' }, ['/client/subject']],
])('%s is refused with its place', async (_, revoked, pointers) => {
  const { status, json } = await api.call('POST', 'revocations', { body: { client: revoked } });
  expect(status).toBe(422);
  expect(shapeOf(json)).toEqual({ code: 'validation_failed', pointers });
});

test('an edge token revokes nothing, and another project sees nothing', async () => {
  const body = { client: { by: 'subject', subject: 'a' } };
  expect((await api.call('POST', 'revocations', { body, token: api.edgeToken })).status).toBe(403);
  expect((await api.call('GET', '/v1/projects/other/revocations')).status).toBe(404);
});
