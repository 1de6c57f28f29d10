import { createClient, type PosternClient } from '@postern/client';
import type { Hostname } from '@postern/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let client: PosternClient;
beforeAll(async () => {
  api = await startTestApi();
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 10_000 });
  await api.call('POST', 'services', { body: { name: 'echo', spec } });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

const spec = { targets: ['http://127.0.0.1:3000'] };
const secret = { type: 'symmetric', secretKey: 'eA==' };

describe('entity tags', () => {
  test('a resource that is as it was read is 304 without a body; whatever changes it gives the whole again', async () => {
    await api.call('POST', 'services', { body: { name: 'fresh', spec } });
    const read = await api.call('GET', 'services/fresh');
    const tag = read.headers.get('etag') ?? '';
    for (const sent of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const again = await api.call('GET', 'services/fresh', { headers: { 'if-none-match': sent } });
      expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', tag]);
    }
    // A new user changes what is shown without a write to the service.
    await api.call('POST', 'routes', { body: { name: 'fresh', spec: specOf('fresh.localhost', 'fresh') } });
    const used = await api.call('GET', 'services/fresh', { headers: { 'if-none-match': tag } });
    expect([used.status, used.json.usedBy]).toEqual([200, ['route/fresh']]);
    const updated = await api.call('PUT', 'services/fresh', { body: { spec }, headers: { 'if-match': tag } });
    expect([updated.status, updated.json.version]).toEqual([200, 2]);
  });

  test('a conflict says what changed since, by which token; no hash and no value is in it', async () => {
    const users = (hash: string) =>
      specOf('conflict.localhost', 'echo', {
        validation: { httpBasic: { realm: 'x', passwordHashes: { ann: `sha256:${hash.repeat(43)}=` } } },
      });
    await api.call('POST', 'routes', { body: { name: 'conflict', spec: users('a') } });
    const { headers } = await api.call('GET', 'routes/conflict');
    await api.call('PUT', 'routes/conflict', { body: { labels: { team: 'x' }, spec: users('b') } });
    const { status, json, text } = await api.call('PUT', 'routes/conflict', {
      body: { spec: users('c') },
      headers: { 'if-match': headers.get('etag') ?? '' },
    });
    expect([status, json.code]).toEqual([409, 'version_conflict']);
    expect(json.conflict).toMatchObject({
      version: 2,
      yourVersion: 1,
      updatedBy: expect.any(String),
      changes: [
        { pointer: '/labels/team', after: 'x' },
        { pointer: '/spec/validation/httpBasic/passwordHashes/ann', masked: true },
      ],
    });
    expect(text).not.toMatch(/sha256|aaaa|bbbb/);
    expect(text.endsWith('}\n')).toBe(true);
    await expect(client.routes.delete('default', 'conflict', { ifVersion: 1 })).rejects.toMatchObject({
      code: 'version_conflict',
      conflict: { version: 2, changes: { length: 2 } },
    });
  });

  test('the tag of a deleted resource does not fit another of its name and version', async () => {
    const first = await api.call('POST', 'services', { body: { name: 'again', spec } });
    await api.call('DELETE', 'services/again');
    await api.call('POST', 'services', { body: { name: 'again', spec } });
    const headers = { 'if-match': first.headers.get('etag') ?? '' };
    const { status, json } = await api.call('DELETE', 'services/again', { headers });
    expect([status, json.code]).toEqual([409, 'version_conflict']);
    expect(json.detail).toContain('created again');
  });
});

describe('creates', () => {
  test('the same create again is 200 with the resource, another is 409 with what differs', async () => {
    const body = { name: 'twice', labels: { a: 'b' }, spec };
    const first = await api.call('POST', 'services', { body });
    const second = await api.call('POST', 'services', { body });
    expect([first.status, second.status, second.headers.get('location')]).toEqual([201, 200, null]);
    expect(second.json).toEqual(first.json);
    const other = await api.call('POST', 'services', { body: { ...body, labels: { a: 'c' } } });
    expect([other.status, other.json.code, other.json.conflict.changes]).toEqual([
      409,
      'already_exists',
      [{ pointer: '/labels/a', before: 'b', after: 'c' }],
    ]);
  });

  test('a repeated create of a route without a host gives the host of the first call', async () => {
    const body = { name: 'generated', spec: specOf(undefined) };
    const first = await api.call('POST', 'routes', { body });
    const second = await api.call('POST', 'routes', { body });
    expect([first.status, second.status]).toEqual([201, 200]);
    expect(second.json.spec.host).toBe(first.json.spec.host);
  });

  test('If-None-Match: * creates once and never again', async () => {
    const headers = { 'if-none-match': '*' };
    for (const [method, path, body] of [
      ['POST', 'services', { name: 'once', spec }],
      ['POST', 'routes', { name: 'once', spec: specOf('once.localhost') }],
      ['PUT', 'secrets/once', { secret }],
    ] as const) {
      const first = await api.call(method, path, { body, headers });
      const second = await api.call(method, path, { body, headers });
      expect([path, first.status, second.status, second.json.code]).toEqual([
        path,
        201,
        409,
        'already_exists',
      ]);
    }
    await expect(
      client.services.create('default', { name: 'once', spec }, { ifVersion: 0 }),
    ).rejects.toMatchObject({ code: 'already_exists', conflict: { changes: [] } });
    for (const tag of ['"1"', '**', '']) {
      const { status } = await api.call('PUT', 'secrets/once', {
        body: { secret },
        headers: { 'if-none-match': tag },
      });
      expect([tag, status]).toEqual([tag, 422]);
    }
  });
});

describe('dry runs', () => {
  test('every write answers as it would, and nothing is there afterwards', async () => {
    await api.call('PUT', 'secrets/kept', { body: { secret } });
    await api.call('POST', 'routes', { body: { name: 'kept', spec: specOf('kept.localhost') } });
    const state = async () => [
      (await api.call('GET', 'secrets')).json,
      (await api.call('GET', 'services')).json,
      (await api.call('GET', 'routes')).json,
      await api.data.store.cursor(),
    ];
    const before = await state();
    const answers = [
      await api.call('PUT', 'secrets/dry?dryRun=true', { body: { secret } }),
      await api.call('PUT', 'secrets/kept?dryRun=true', { body: { secret } }),
      await api.call('DELETE', 'secrets/kept?dryRun=true'),
      await api.call('POST', 'services?dryRun=true', { body: { name: 'dry', spec } }),
      await api.call('PUT', 'services/echo?dryRun=true', { body: { spec } }),
      await api.call('DELETE', 'services/echo?dryRun=true'),
      await api.call('POST', 'routes?dryRun=true', { body: { name: 'dry', spec: specOf(undefined) } }),
      await api.call('PUT', 'routes/kept?dryRun=true', { body: { spec: specOf('other.localhost') } }),
      await api.call('DELETE', 'routes/kept?dryRun=true'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 204, 201, 200, 409, 201, 200, 204]);
    expect(await state()).toEqual(before);
    const tried = await client.services.create('default', { name: 'dry', spec }, { dryRun: true });
    expect(tried).toMatchObject({ created: true, job: null, resource: { name: 'dry', version: 1 } });
    await client.routes.delete('default', 'kept', { dryRun: true });
    expect(await state()).toEqual(before);
  });

  test('a trial leaves no trace in the status of the route, and names no revision that will never be', async () => {
    await api.call('POST', 'routes', { body: { name: 'quiet', spec: specOf('quiet.localhost') } });
    const [host, day] = ['quiet.localhost' as Hostname, '2026-01-01T00:00:00.000Z'];
    const document = { chainPem: 'x', sealedKey: 'x', names: [host], notBefore: day, notAfter: day };
    const [order] = await api.data.store.listDueOrders(Date.now(), 1);
    await api.data.store.saveIssuedCertificate({
      orderId: order?.id ?? '',
      names: [host],
      issuer: 'test',
      renewAt: Date.now() + 1e9,
      ariCertId: null,
      document: { ...document, fingerprint: 'x' },
    });
    const before = await api.call('GET', 'routes/quiet');
    expect(before.json.status.reason).toBe('NoEdge');
    const tried = await api.call('PUT', 'routes/quiet?dryRun=true', {
      body: { spec: specOf('loud.localhost') },
    });
    expect(tried.json.status.reason).toBe('CertificatePending');
    expect(tried.json.status.revision).toBe((await api.data.store.cursor()).revision);
    const after = await api.call('GET', 'routes/quiet');
    expect(after.json).toEqual(before.json);
    expect(after.headers.get('etag')).toBe(before.headers.get('etag'));
  });

  test('what would be refused is refused, and dryRun is true or false', async () => {
    const bad = await api.call('POST', 'routes?dryRun=true', {
      body: { name: 'bad', spec: specOf('bad.localhost', 'absent') },
    });
    expect([bad.status, bad.json.findings[0].pointer]).toEqual([422, '/spec/routes/0/route/service']);
    for (const value of ['', '1', 'True', 'true&dryRun=true']) {
      const { status } = await api.call('DELETE', `services/echo?dryRun=${value}`);
      expect([value, status]).toEqual([value, 422]);
    }
    expect((await api.call('POST', 'services?dryRun=false', { body: { name: 'wet', spec } })).status).toBe(
      201,
    );
    expect((await api.call('GET', 'services/wet')).status).toBe(200);
  });
});
