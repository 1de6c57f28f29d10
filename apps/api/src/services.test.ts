import { afterAll, beforeAll, expect, test } from 'vitest';
import { shapeOf, specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await startTestApi();
});
afterAll(async () => api?.[Symbol.asyncDispose]());

const spec = { targets: ['http://127.0.0.1:3000', 'h2c://[::1]:3001'], timeouts: { connectMs: 100 } };

test('a service is created, read, listed, replaced and deleted; versions and revisions are told', async () => {
  const created = await api.call('POST', 'services', { body: { name: 'cart', labels: { team: 'a' }, spec } });
  expect(created.status).toBe(201);
  expect(created.headers.get('location')).toBe('/v1/projects/default/services/cart');
  expect(created.headers.get('etag')).toMatch(/^"1\.[0-9a-f]{8}\.[\w-]{16}"$/);
  expect(created.json).toMatchObject({
    name: 'cart',
    project: 'default',
    version: 1,
    labels: { team: 'a' },
    spec,
  });

  const updated = await api.call('PUT', 'services/cart', {
    body: { spec: { targets: ['https://cart.internal'] } },
    headers: { 'if-match': '"1"' },
  });
  expect(updated.status).toBe(200);
  expect(updated.headers.get('etag')).toMatch(/^"2\./);
  expect(updated.json.labels).toEqual({ team: 'a' });

  const read = await api.call('GET', 'services/cart');
  expect(read.json).toEqual(updated.json);
  expect(read.headers.get('etag')).toBe(updated.headers.get('etag'));
  expect((await api.call('GET', 'services')).json.items).toEqual([read.json]);

  const deleted = await api.call('DELETE', 'services/cart', { headers: { 'if-match': '"2"' } });
  expect(deleted.status).toBe(204);
  expect(Number(deleted.headers.get('postern-revision'))).toBeGreaterThanOrEqual(
    Number(created.headers.get('postern-revision')),
  );
  expect((await api.call('GET', 'services/cart')).status).toBe(404);
});

test('a service may name only secrets that exist and fit; the pointers lead into the body', async () => {
  const { status, json } = await api.call('POST', 'services', {
    body: {
      name: 'tls',
      spec: {
        targets: ['https://a.internal'],
        tls: { ca: { name: 'none' }, clientCertificate: { name: 'none' } },
      },
    },
  });
  expect(status).toBe(422);
  expect(shapeOf(json).pointers.sort()).toEqual(['/spec/tls/ca/name', '/spec/tls/clientCertificate/name']);
});

test('a service tells which routes lead to it', async () => {
  await api.call('POST', 'services', { body: { name: 'used', spec } });
  await api.call('POST', 'routes', { body: { name: 'r', spec: specOf('used.localhost', 'used') } });
  expect((await api.call('GET', 'services/used')).json.usedBy).toEqual(['route/r']);
});
