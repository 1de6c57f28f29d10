import { createHash, X509Certificate } from 'node:crypto';
import { createClient, type PosternClient } from '@postern/client';
import type { ClientSighting, RefusalReport } from '@postern/contracts';
import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './testing/test-api.ts';

const NOW = Date.now();
const HOUR_MS = 3_600_000;
const ROUTE = { host: 'shop.example.org', routes: [{ prefix: '/', route: { service: 'echo' } }] };
const protectedBy = (ca: string, ...subjectMatches: object[]) => ({
  ...ROUTE,
  tls: { clientValidationCa: { name: ca } },
  ...(subjectMatches.length === 0 ? {} : { validation: { clientCertificate: { subjectMatches } } }),
});

let api: TestApi;
let client: PosternClient;
let jane: Buffer;
let stranger: Buffer;

beforeAll(async () => {
  api = await startTestApi();
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 10_000 });
  const [own, other] = await Promise.all(
    ['own', 'other'].map((name) => createDevAuthority({ name, days: 30, now: NOW })),
  );
  if (own === undefined || other === undefined) throw new Error('no CA');
  const issue = async (name: string, issuer: typeof own) => {
    const leaf = { role: 'client', name, alternativeNames: [], days: 1, now: NOW, issuer } as const;
    return new X509Certificate((await issueDevCertificate(leaf)).certPem).raw;
  };
  jane = await issue('jane.acme.org', own);
  stranger = await issue('stranger.org', other);
  for (const [name, { certPem: cert }] of Object.entries({ own, other })) {
    await client.secrets.put('default', name, { secret: { type: 'tls-ca', cert } });
  }
  await client.services.create('default', { name: 'echo', spec: { targets: ['http://127.0.0.1:9'] } });
  await client.routes.create('default', { name: 'shop', spec: protectedBy('own') });
  const chains = [jane, stranger].map((der) => ({
    ...{ hash: hashOf(der), trusted: der === jane, certificates: [der.toString('base64')] },
  }));
  const body = {
    ...{ edge: 'edge-1', run: 'run', dropped: 0, chains },
    sightings: [
      sightingOf(jane),
      sightingOf(jane, { host: 'former.example.org', lastAt: NOW - 2 * HOUR_MS }),
    ],
    refusals: [
      refusalOf(1, stranger),
      refusalOf(2, jane, { lastAt: NOW - 1_000 }),
      refusalOf(3, null, { reason: 'certificate_missing', lastAt: NOW - 6_000, firstAt: NOW - 6_000 }),
      refusalOf(4, null, { various: true }),
      refusalOf(5, Buffer.from('chain that is not kept')),
      refusalOf(6, Buffer.from('of long ago'), { firstAt: NOW - 9 * HOUR_MS, lastAt: NOW - 9 * HOUR_MS }),
      refusalOf(7, Buffer.from('elsewhere'), { route: 'pay' }),
      refusalOf(8, stranger, { reason: 'misdirected_request' }),
    ],
  };
  expect((await api.call('POST', '/v1/ledger', { body, token: api.edgeToken })).status).toBe(200);
});
afterAll(async () => api?.[Symbol.asyncDispose]());

const hashOf = (der: Buffer) => createHash('sha256').update(der).digest('hex');
const place = { project: 'default', route: 'shop', host: 'shop.example.org' };

function sightingOf(der: Buffer, more: Partial<ClientSighting> = {}): ClientSighting {
  return {
    ...{ ...place, fingerprint: hashOf(der), subject: 'CN=jane', issuer: 'CN=own', serial: '01' },
    ...{ notAfter: NOW + HOUR_MS, bundle: 'b', anchor: hashOf(der), chain: hashOf(der), verdict: 'admit' },
    ...{ firstAt: NOW - 3 * HOUR_MS, lastAt: NOW - 1_000 },
    ...more,
  };
}

function refusalOf(number: number, der: Buffer | null, more: Partial<RefusalReport> = {}): RefusalReport {
  const hash = der === null ? null : hashOf(der);
  return {
    ...{ ...place, id: `000000000-${String(number).padStart(16, '0')}`, sni: place.host },
    ...{ firstAt: NOW - 5_000, lastAt: NOW - 5_000, count: 1, reason: 'certificate_untrusted', detail: 'd' },
    ...{ rule: null, clientAddress: null, fingerprint: hash, subject: null, issuer: null, serial: null },
    ...{ chain: hash, revision: 1, tlsVersion: null, observed: false, various: false },
    ...more,
  };
}

const replay = (spec: object, since = NOW - HOUR_MS) =>
  client.routes.replay('default', 'shop', { spec: spec as never, since: new Date(since) });

test('a descriptor is tried on everybody seen or refused lately: who changes sides, from where to where', async () => {
  const { version } = await client.routes.get('default', 'shop');
  const stays = await replay(protectedBy('own'));
  // Jane, the stranger and those without a certificate; of one the certificate is not kept, and one entry stands for several.
  expect(stays).toMatchObject({ route: 'shop', clients: 3, unknown: 2, more: false, changes: [] });

  const narrowed = await replay(protectedBy('own', { exact: 'boss.acme.org' }));
  expect(narrowed.changes).toEqual([
    {
      ...{ fingerprint: hashOf(jane), subject: 'CN=jane', issuer: 'CN=own' },
      ...{ lastAt: new Date(NOW - 1_000).toISOString(), hosts: ['shop.example.org'], path: null },
      now: { verdict: 'admit', reason: null, detail: expect.any(String) },
      next: { verdict: 'refuse', reason: 'subject_not_allowed', detail: expect.stringContaining('jane') },
    },
  ]);
  const moved = await replay(protectedBy('other'));
  expect(moved.changes.map(({ fingerprint, next }) => [fingerprint, next.verdict])).toEqual([
    [hashOf(jane), 'refuse'],
    [hashOf(stranger), 'admit'],
  ]);
  const opened = await replay(ROUTE);
  expect(opened.changes.map(({ fingerprint, next }) => [fingerprint, next.verdict])).toEqual([
    [hashOf(stranger), 'admit'],
    [null, 'admit'],
  ]);
  expect((await replay(ROUTE, NOW - 10 * HOUR_MS)).unknown).toBe(3);
  expect((await client.routes.get('default', 'shop')).version).toBe(version);
});

test('revoked clients stay refused in a replay', async () => {
  const revoked = { by: 'fingerprint', fingerprint: hashOf(jane) } as const;
  const { resource } = await client.revocations.create('default', { client: revoked });
  expect((await replay(protectedBy('own', { exact: 'boss.acme.org' }))).changes).toEqual([]);
  await client.revocations.delete('default', resource.id);
});

test('a descriptor that could not be written is refused, and so is a route that is not there', async () => {
  await expect(replay(protectedBy('gone'))).rejects.toMatchObject({
    code: 'validation_failed',
    findings: [{ code: 'reference_missing', pointer: '/spec/tls/clientValidationCa/name' }],
  });
  await expect(replay(protectedBy('own', { regex: '(' }))).rejects.toMatchObject({
    code: 'validation_failed',
  });
  const tried = { spec: ROUTE, since: new Date() };
  await expect(client.routes.replay('default', 'none', tried)).rejects.toMatchObject({ code: 'not_found' });
});
