import { rootCertificates } from 'node:tls';
import type { Hostname } from '@postern/contracts';
import { createLocalAuthority, issueServerCertificate } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shapeOf, specOf, startTestApi, type TestApi } from './testing/test-api.ts';

let api: TestApi;
let digits = 0;
beforeAll(async () => {
  // Words stay the same, so that only the digits tell generated hosts apart; every number comes twice.
  api = await startTestApi({ randomInt: (max) => (max === 10_000 ? Math.floor(digits++ / 2) : 0) });
  await api.call('POST', 'services', {
    body: { name: 'echo', spec: { targets: ['http://127.0.0.1:3000'] } },
  });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

test('a route is created, read, listed, replaced and deleted, with its status', async () => {
  const created = await api.call('POST', 'routes', {
    body: { name: 'shop', spec: specOf('Shop.Localhost.') },
  });
  expect([created.status, created.headers.get('location')]).toEqual([
    201,
    '/v1/projects/default/routes/shop',
  ]);
  expect(created.json.spec.host).toBe('shop.localhost');
  expect(created.json.status).toMatchObject({
    ready: false,
    reason: 'CertificatePending',
    url: 'https://shop.localhost:8443',
    revision: Number(created.headers.get('postern-revision')),
  });
  const updated = await api.call('PUT', 'routes/shop', {
    body: {
      labels: { team: 'x' },
      spec: specOf('shop.localhost', 'echo', { corsPolicy: { allowOrigins: ['*'] } }),
    },
    headers: { 'if-match': '"1"' },
  });
  expect([updated.status, updated.headers.get('etag'), updated.json.labels]).toEqual([
    200,
    expect.stringMatching(/^"2\./),
    { team: 'x' },
  ]);
  expect((await api.call('GET', 'routes/shop')).json).toEqual(updated.json);
  expect((await api.call('GET', 'routes')).json.items).toEqual([updated.json]);
  expect((await api.call('DELETE', 'routes/shop')).status).toBe(204);
  expect((await api.call('GET', 'routes')).json.items).toEqual([]);
});

test('a route without a host gets a generated one; a collision is tried again', async () => {
  const first = await api.call('POST', 'routes', { body: { name: 'one', spec: specOf(undefined) } });
  const second = await api.call('POST', 'routes', { body: { name: 'two', spec: specOf(undefined) } });
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(first.json.spec.host).toMatch(/^[a-z]+-[a-z]+-0000\.localhost$/);
  expect(second.json.spec.host).toMatch(/^[a-z]+-[a-z]+-0001\.localhost$/);
});

test('missing references, broken patterns and rules across keys are found, with pointers into the body', async () => {
  const missing = await api.call('POST', 'routes', {
    body: {
      name: 'x',
      spec: specOf('x.localhost', 'none', {
        tls: { clientValidationCa: { name: 'none' }, serverCertificate: { name: 'none' } },
      }),
    },
  });
  expect(missing.status).toBe(422);
  expect(shapeOf(missing.json).pointers.sort()).toEqual([
    '/spec/routes/0/route/service',
    '/spec/tls/clientValidationCa/name',
    '/spec/tls/serverCertificate/name',
  ]);
  const matchers = { validation: { clientCertificate: { subjectMatches: [{ regex: '(' }] } } };
  const lonely = await api.call('POST', 'routes', {
    body: { name: 'x', spec: specOf(undefined, 'echo', matchers) },
  });
  expect(shapeOf(lonely.json).pointers).toEqual(['/spec/validation/clientCertificate']);
  const broken = await api.call('POST', 'routes', {
    body: {
      name: 'x',
      spec: specOf('x.localhost', 'echo', { tls: { clientValidationCa: { name: 'none' } }, ...matchers }),
    },
  });
  expect(broken.status).toBe(422);
  expect(shapeOf(broken.json).pointers[0]).toMatch(
    /^\/spec\/validation\/clientCertificate\/subjectMatches\/0/,
  );
});

test('doubts are warnings: CORS beside a client CA, and a server certificate for another host', async () => {
  const authority = await createLocalAuthority({ name: 'CA', now: Date.now() });
  const issued = await issueServerCertificate({
    authority,
    host: 'other.example.org' as Hostname,
    now: Date.now(),
  });
  await api.call('PUT', 'secrets/ca', { body: { secret: { type: 'tls-ca', cert: authority.certPem } } });
  await api.call('PUT', 'secrets/site', {
    body: { secret: { type: 'tls', cert: issued.chainPem, key: issued.keyPem } },
  });
  const { status, json } = await api.call('POST', 'routes', {
    body: {
      name: 'doubtful',
      spec: specOf('doubtful.localhost', 'echo', {
        tls: { clientValidationCa: { name: 'ca' }, serverCertificate: { name: 'site' } },
        corsPolicy: { allowOrigins: ['*'] },
      }),
    },
  });
  expect(status).toBe(201);
  expect(json.findings.map((finding: { severity: string }) => finding.severity)).toEqual([
    'warning',
    'warning',
  ]);
  expect(shapeOf({ ...json, code: '' }).pointers.sort()).toEqual([
    '/spec/corsPolicy',
    '/spec/tls/serverCertificate/name',
  ]);
  expect(json.status.reason).toBe('NoEdge');
  expect((await api.call('GET', 'routes')).json.items).toContainEqual(json);
});

test('a descriptor larger than a file may be is refused, on create and on update', async () => {
  const rules = (count: number) =>
    Array.from({ length: count }, (_, n) => ({
      prefix: `/${n}/${'x'.repeat(1500)}`,
      route: { service: 'echo' },
    }));
  const spec = (count: number) => ({ host: 'wide.localhost', routes: rules(count) });
  expect((await api.call('POST', 'routes', { body: { name: 'wide', spec: spec(160) } })).status).toBe(201);
  const refused = [
    await api.call('POST', 'routes', {
      body: { name: 'wider', spec: { ...spec(180), host: 'wider.localhost' } },
    }),
    await api.call('PUT', 'routes/wide', { body: { spec: spec(180) } }),
  ];
  for (const { status, json } of refused) {
    expect([status, shapeOf(json)]).toEqual([422, { code: 'validation_failed', pointers: ['/spec'] }]);
  }
});

test('a CA of the public web as client CA is warned of where no name is demanded', async () => {
  const [cert = ''] = rootCertificates;
  await api.call('PUT', 'secrets/public', { body: { secret: { type: 'tls-ca', cert } } });
  const tls = { clientValidationCa: { name: 'public' } };
  const codesOf = async (name: string, more: object) => {
    const spec = specOf(`${name}.localhost`, 'echo', { tls, ...more });
    const { json } = await api.call('POST', 'routes', { body: { name, spec } });
    return json.findings.map(({ code, pointer }: { code: string; pointer: string }) => [code, pointer]);
  };
  expect(await codesOf('anyone', {})).toEqual([['public_client_ca', '/spec/tls/clientValidationCa/name']]);
  const subjectMatches = [{ exact: 'client.acme.org' }];
  expect(await codesOf('named', { validation: { clientCertificate: { subjectMatches } } })).toEqual([]);
});
