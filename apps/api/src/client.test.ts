import { once } from 'node:events';
import { createServer } from 'node:net';
import { createClient, type PosternClient } from '@postern/client';
import type { Hostname } from '@postern/contracts';
import { createLocalAuthority, sealWithMasterKey } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi } from './start-api.ts';
import { startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let client: PosternClient;
beforeAll(async () => {
  api = await startTestApi();
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 120_000 });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

test('the SDK does what the API does: services, routes and secrets from creation to deletion', async () => {
  const service = await client.services.create('default', {
    name: 'echo',
    labels: undefined,
    spec: { targets: ['http://127.0.0.1:3000'] },
  });
  expect(service).toMatchObject({ created: true, job: null, resource: { version: 1 } });
  const spec = { routes: [{ prefix: '/', route: { service: 'echo' } }] };
  const route = await client.routes.create('default', { name: 'shop', spec });
  expect(route.resource.spec.host).toMatch(/^[a-z]+-[a-z]+-\d{4}\.localhost$/);
  expect(route.revision).toBe(route.resource.status.revision);
  const secret = await client.secrets.put('default', 'hmac', {
    secret: { type: 'symmetric', secretKey: 'eA==' },
  });
  expect([secret.created, secret.resource.details.keys]).toEqual([true, ['secretKey']]);

  const update = { spec: route.resource.spec };
  const updated = await client.routes.update('default', 'shop', update, { ifVersion: 1 });
  expect(updated.created).toBe(false);
  await expect(client.routes.update('default', 'shop', update, { ifVersion: 1 })).rejects.toMatchObject({
    code: 'version_conflict',
  });
  await client.services.update('default', 'echo', { spec: service.resource.spec });
  expect((await client.services.get('default', 'echo')).usedBy).toEqual(['route/shop']);
  expect(await client.routes.list('default')).toEqual([await client.routes.get('default', 'shop')]);
  expect((await client.secrets.list('default')).map(({ name }) => name)).toEqual(['hmac']);
  expect((await client.services.list('default')).length).toBe(1);

  await client.routes.delete('default', 'shop');
  await client.services.delete('default', 'echo');
  const { revision } = await client.secrets.delete('default', 'hmac');
  expect(await client.waitApplied({ revision, timeoutMs: 50 })).toMatchObject({ reason: 'no_edge' });
  await expect(client.secrets.get('default', 'hmac')).rejects.toMatchObject({ code: 'not_found' });
});

test('ca gives the certificate of the local authority once there is one', async () => {
  await expect(client.ca()).rejects.toMatchObject({ code: 'not_found' });
  const { certPem, keyPem } = await createLocalAuthority({ name: 'Postern local CA', now: Date.now() });
  const sealedKey = sealWithMasterKey(api.data.masterKey, Buffer.from(keyPem), 'authority:local');
  await api.data.store.ensureAuthority({ name: 'local', certPem, sealedKey });
  expect(await client.ca()).toBe(certPem);
});

test('an address in use is one clear sentence, and the other addresses are let go again', async () => {
  const other = createServer();
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const bound = other.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const start = startApi({
    listen: [
      { host: '127.0.0.1', port: 0 },
      { host: '127.0.0.1', port },
    ],
    store: api.data.store,
    masterKey: api.data.masterKey,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    now: () => Date.now(),
    hostnameDomain: 'localhost' as Hostname,
    publicHttpsPort: 443,
    version: '0',
  });
  await expect(start).rejects.toMatchObject({
    code: 'unavailable',
    detail: expect.stringContaining(`127.0.0.1:${port} is in use`),
  });
  other.close();
});

test('the API serves on IPv6 as well', async () => {
  const six = await startApi({
    listen: [{ host: '::1', port: 0 }],
    store: api.data.store,
    masterKey: api.data.masterKey,
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
    now: () => Date.now(),
    hostnameDomain: 'localhost' as Hostname,
    publicHttpsPort: 443,
    version: '0',
  });
  expect(six.url).toMatch(/^http:\/\/\[::1\]:\d+$/);
  expect((await fetch(`${six.url}/readyz`)).status).toBe(200);
  await six.close();
});
