import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createClient,
  type PosternClient,
  type RouteCreate,
  type RouteUpdate,
  type SecretPut,
} from '@postern/client';
import type { ProblemDocument } from '@postern/contracts';
import { expect, test } from 'vitest';
import { OPERATIONS } from './operations/index.ts';
import { LEDGER_REPORT } from './testing/ledger-report.ts';
import { specOf, startTestApi, type TestApi } from './testing/test-api.ts';

/** Answers as an earlier API gave them. POSTERN_WRITE_GOLDEN=1 records them anew: only for additions. */
const file = join(import.meta.dirname, '../golden/recorded-answers.json');

interface Recorded {
  readonly status: number;
  readonly headers: readonly string[];
  readonly body: unknown;
}

/** Streams and the health of the platform, which have no answer to keep, or none without a certificate worker (a CA, a certificate to revoke); what is found by an id alone; what needs a list of a CA. */
const NOT_RECORDED = [
  'getRevocation',
  'deleteRevocation',
  'refreshSecret',
  'getSecretCrl',
  'getFeed',
  'watchResources',
  'getCa',
  'revokeCertificate',
  'createReport',
  'createLedgerReport',
];

const service = { name: 'echo', spec: { targets: ['http://127.0.0.1:3000'] } };
const secret = { secret: { type: 'symmetric', secretKey: 'eA==' } };
const route = { name: 'shop', spec: specOf('shop.localhost') };

const CALLS: readonly (readonly [id: string, method: string, path: string, body?: unknown])[] = [
  ['createService', 'POST', 'services', service],
  ['updateService', 'PUT', 'services/echo', { spec: service.spec, labels: { a: 'b' } }],
  ['getService', 'GET', 'services/echo'],
  ['listServices', 'GET', 'services'],
  ['putSecret', 'PUT', 'secrets/hmac', secret],
  ['getSecret', 'GET', 'secrets/hmac'],
  ['listSecrets', 'GET', 'secrets'],
  ['createRoute', 'POST', 'routes', route],
  ['updateRoute', 'PUT', 'routes/shop', { spec: route.spec, labels: { a: 'b' } }],
  ['getRoute', 'GET', 'routes/shop'],
  ['listRoutes', 'GET', 'routes'],
  ['getRouteRotation', 'GET', 'routes/shop/rotation'],
  ['replayRoute', 'POST', 'routes/shop/replay', { spec: route.spec, since: '2026-01-01T00:00:00.000Z' }],
  ['listCertificates', 'GET', 'certificates'],
  ['getCertificate', 'GET', 'certificates/shop.localhost'],
  ['renewCertificate', 'POST', 'certificates/shop.localhost/renew'],
  ['addHostname', 'POST', 'hostnames', { name: 'added.localhost' }],
  ['getHostname', 'GET', 'hostnames/added.localhost'],
  ['listHostnames', 'GET', 'hostnames'],
  ['checkHostname', 'POST', 'hostnames/added.localhost/check'],
  ['removeHostname', 'DELETE', 'hostnames/added.localhost'],
  ['createToken', 'POST', '/v1/tokens', { name: 'ci', scope: 'admin', expiresInSeconds: 3600 }],
  ['getToken', 'GET', '/v1/tokens/ci'],
  ['listTokens', 'GET', '/v1/tokens'],
  ['revokeToken', 'DELETE', '/v1/tokens/ci'],
  ['createRevocation', 'POST', 'revocations', { client: { by: 'subject', subject: 'jane' } }],
  ['listRevocations', 'GET', 'revocations'],
  ['listRefusals', 'GET', 'refusals'],
  ['getRefusal', 'GET', `refusals/${LEDGER_REPORT.refusals[0]?.id}`],
  ['tailRefusals', 'GET', `refusal-tail?cursor=${Buffer.from('s:0').toString('base64url')}`],
  ['listClients', 'GET', 'clients'],
  ['getClient', 'GET', `clients/${LEDGER_REPORT.sightings[0]?.fingerprint}`],
  ['getApplied', 'GET', '/v1/applied?revision=1'],
  ['getSecretSchema', 'GET', '/schemas/secret.json'],
  ['getServiceSchema', 'GET', '/schemas/service.json'],
  ['getRouteSchema', 'GET', '/schemas/route.json'],
  ['getJwks', 'GET', '/.well-known/jwks.json'],
  ['getLive', 'GET', '/livez'],
  ['getReady', 'GET', '/readyz'],
  ['a problem', 'POST', 'services', { name: 'Bad_Name', spec: {} }],
  ['deleteRoute', 'DELETE', 'routes/shop'],
  ['deleteService', 'DELETE', 'services/echo'],
  ['deleteSecret', 'DELETE', 'secrets/hmac'],
];

const HEADERS = ['etag', 'location', 'postern-revision', 'content-type'];

async function record(api: TestApi): Promise<Record<string, Recorded>> {
  const all: Record<string, Recorded> = {};
  await api.call('POST', '/v1/ledger', { body: LEDGER_REPORT, token: api.edgeToken });
  for (const [id, method, path, body] of CALLS) {
    const { status, headers, json } = await api.call(method, path, { body });
    // Schemas are for editors and may change in form.
    const kept = id.endsWith('Schema') ? {} : json;
    all[id] = { status, headers: HEADERS.filter((name) => headers.has(name)), body: kept };
  }
  return all;
}

/** Places where `today` lacks a member of `former`, or has it with another type. */
function losses(former: unknown, today: unknown, place: string): string[] {
  if (former === null) return [];
  if (Array.isArray(former)) {
    if (!Array.isArray(today)) return [`${place} is no list any more`];
    return former.length === 0 ? [] : losses(former[0], today[0], `${place}/0`);
  }
  if (typeof former !== 'object')
    return typeof today === typeof former ? [] : [`${place} was ${typeof former}`];
  if (typeof today !== 'object' || today === null) return [`${place} was an object`];
  return Object.entries(former).flatMap(([key, value]) =>
    losses(value, (today as Record<string, unknown>)[key], `${place}/${key}`),
  );
}

test('every operation still answers with at least what it answered with before', async () => {
  await using api = await startTestApi();
  const today = await record(api);
  if (process.env.POSTERN_WRITE_GOLDEN === '1' && process.env.CI === undefined)
    writeFileSync(
      file,
      `${JSON.stringify(today, null, 2).replaceAll(/postern_[\w-]{43}/g, 'postern_value')}\n`,
    );
  const former = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Recorded>;
  const lost = Object.entries(former).flatMap(([id, answer]) => losses(answer, today[id], id));
  expect(lost).toEqual([]);
  for (const [id, { status, headers }] of Object.entries(former))
    expect([id, today[id]?.status, today[id]?.headers]).toEqual([
      id,
      status,
      expect.arrayContaining([...headers]),
    ]);
  const named = new Set([...Object.keys(former), ...NOT_RECORDED]);
  expect(OPERATIONS.map(({ id }) => id).filter((id) => !named.has(id))).toEqual([]);
});

test('a removal, a renaming and another type are found, an addition is not', () => {
  const former = { a: 1, b: { c: 'x' }, list: [{ d: true }] };
  expect(losses(former, { ...former, more: 1 }, '')).toEqual([]);
  expect(losses(former, { a: '1', b: { C: 'x' }, list: [{}] }, '')).toEqual([
    '/a was number',
    '/b/c was string',
    '/list/0/d was boolean',
  ]);
});

/** How the SDK makes each recorded call, and what it gives of the answer; null where it has no method. */
const SDK_CALLS: Readonly<Record<string, [Given, (client: PosternClient) => Promise<unknown>] | null>> = {
  createService: ['written', ({ services }) => services.create('default', service)],
  updateService: ['written', ({ services }) => services.update('default', 'echo', service)],
  getService: ['whole', ({ services }) => services.get('default', 'echo')],
  listServices: ['items', ({ services }) => services.list('default')],
  putSecret: ['written', ({ secrets }) => secrets.put('default', 'hmac', secret as SecretPut)],
  getSecret: ['whole', ({ secrets }) => secrets.get('default', 'hmac')],
  listSecrets: ['items', ({ secrets }) => secrets.list('default')],
  createRoute: ['written', ({ routes }) => routes.create('default', route as RouteCreate)],
  updateRoute: ['written', ({ routes }) => routes.update('default', 'shop', route as RouteUpdate)],
  getRoute: ['whole', ({ routes }) => routes.get('default', 'shop')],
  listRoutes: ['items', ({ routes }) => routes.list('default')],
  getRouteRotation: ['whole', ({ routes }) => routes.rotation('default', 'shop')],
  replayRoute: [
    'whole',
    ({ routes }) =>
      routes.replay('default', 'shop', { spec: route.spec as RouteUpdate['spec'], since: new Date() }),
  ],
  listCertificates: ['items', ({ certificates }) => certificates.list('default')],
  getCertificate: ['whole', ({ certificates }) => certificates.get('default', 'shop.localhost')],
  renewCertificate: ['whole', ({ certificates }) => certificates.renew('default', 'shop.localhost')],
  addHostname: ['whole', ({ hostnames }) => hostnames.add('default', 'added.localhost')],
  getHostname: ['whole', ({ hostnames }) => hostnames.get('default', 'added.localhost')],
  listHostnames: ['items', ({ hostnames }) => hostnames.list('default')],
  checkHostname: ['whole', ({ hostnames }) => hostnames.check('default', 'added.localhost')],
  removeHostname: ['nothing', ({ hostnames }) => hostnames.remove('default', 'added.localhost')],
  createToken: ['whole', ({ tokens }) => tokens.create({ name: 'ci', scope: 'admin' })],
  getToken: ['whole', ({ tokens }) => tokens.get('ci')],
  listTokens: ['items', ({ tokens }) => tokens.list()],
  revokeToken: ['nothing', ({ tokens }) => tokens.revoke('ci')],
  listRefusals: ['items', async ({ refusals }) => (await refusals.list('default')).items],
  getRefusal: ['whole', ({ refusals }) => refusals.get('default', 'id')],
  tailRefusals: [
    'items',
    async ({ refusals }) => [(await refusals.tail('default')[Symbol.asyncIterator]().next()).value],
  ],
  listClients: ['items', ({ clients }) => clients.list('default')],
  getClient: ['whole', ({ clients }) => clients.get('default', 'a')],
  getApplied: ['whole', (client) => client.waitApplied({ revision: 1, timeoutMs: 0 })],
  deleteRoute: ['revision', ({ routes }) => routes.delete('default', 'shop')],
  deleteService: ['revision', ({ services }) => services.delete('default', 'echo')],
  deleteSecret: ['revision', ({ secrets }) => secrets.delete('default', 'hmac')],
  createRevocation: [
    'written',
    ({ revocations }) => revocations.create('default', { client: { by: 'subject', subject: 'jane' } }),
  ],
  listRevocations: ['items', ({ revocations }) => revocations.list('default')],
  'a problem': ['problem', ({ services }) => services.create('default', service)],
  getJwks: null,
  getSecretSchema: null,
  getServiceSchema: null,
  getRouteSchema: null,
  getLive: null,
  getReady: null,
};

type Given = 'whole' | 'items' | 'written' | 'revision' | 'nothing' | 'problem';

test("today's SDK reads every recorded answer", async () => {
  const former = JSON.parse(readFileSync(file, 'utf8')) as Record<string, Recorded>;
  for (const [id, { status, headers, body }] of Object.entries(former)) {
    const sdk = SDK_CALLS[id];
    expect(sdk, `say how the SDK makes the call ${id}`).toBeDefined();
    if (sdk === null || sdk === undefined) continue;
    const client = createClient({
      url: 'http://127.0.0.1:1',
      token: 't',
      timeoutMs: 1000,
      fetch: async () =>
        new Response(body === null ? null : JSON.stringify(body), {
          status,
          headers: headers.map((name): [string, string] => [name, VALUES[name] ?? 'application/json']),
        }),
    });
    const [given, call] = sdk;
    const result = await call(client).catch((thrown: unknown) => thrown);
    expect([id, result]).toEqual([id, expectedOf(given, status, body)]);
  }
});

const VALUES: Readonly<Record<string, string>> = { 'postern-revision': '7', etag: '"1"', location: '/x' };

function expectedOf(given: Given, status: number, body: unknown): unknown {
  switch (given) {
    case 'whole':
      return body;
    case 'items':
      return (body as { items: unknown }).items;
    case 'written':
      return { resource: body, created: status === 201, revision: 7, job: null };
    case 'revision':
      return { revision: 7 };
    case 'nothing':
      return undefined;
    case 'problem':
      return expect.objectContaining({
        code: (body as ProblemDocument).code,
        findings: (body as ProblemDocument).findings,
      });
  }
}
