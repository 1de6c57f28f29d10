import { createHash, randomBytes } from 'node:crypto';
import { createClient, type PosternClient } from '@postern/client';
import type { ClientSighting } from '@postern/contracts';
import { createLocalAuthority } from '@postern/pki';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './testing/test-api.ts';

const HOUR_MS = 3_600_000;
const EDGE_KEY = randomBytes(32).toString('base64url');

let api: TestApi;
let client: PosternClient;
let nowOffsetMs: number;
let bundles: Record<string, string>;
const now = () => Date.now() + nowOffsetMs;

beforeEach(async () => {
  nowOffsetMs = 0;
  api = await startTestApi({ now });
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 10_000 });
  await client.services.create('default', { name: 's', spec: { targets: ['http://127.0.0.1:9'] } });
  bundles = {};
  for (const name of ['old', 'next']) {
    const { certPem } = await createLocalAuthority({ name, now: now() });
    const { resource } = await client.secrets.put('default', name, {
      secret: { type: 'tls-ca', cert: certPem },
    });
    bundles[name] = resource.id;
  }
  await client.routes.create('default', {
    name: 'r',
    spec: {
      host: 'r.example.org',
      tls: { clientValidationCa: { name: 'old', next: { name: 'next' } } },
      routes: [{ prefix: '/', route: { service: 's' } }],
    },
  });
});
afterEach(async () => api?.[Symbol.asyncDispose]());

/** A feed that an edge reads, until it leaves. */
async function connect(edge: string): Promise<() => void> {
  const ending = new AbortController();
  const response = await fetch(`${api.url}/v1/feed?edge=${edge}`, {
    headers: { authorization: `Bearer ${api.edgeToken}`, 'postern-edge-key': EDGE_KEY },
    signal: ending.signal,
  });
  expect(response.status).toBe(200);
  return () => ending.abort();
}

async function report(edge: string, sightingsUpTo?: number): Promise<number | undefined> {
  const body = { edge, epoch: 'e', appliedRevision: 0, closedHosts: [], sightingsUpTo };
  const answer = await api.call('POST', '/v1/reports', { body, token: api.edgeToken });
  expect(answer.status).toBe(200);
  return answer.json.sightingsWanted;
}

async function see(who: string, ca: string, at: number, more: Partial<ClientSighting> = {}): Promise<void> {
  const fingerprint = createHash('sha256').update(who).digest('hex');
  const sighting: ClientSighting = {
    project: 'default',
    route: 'r',
    host: 'r.example.org',
    fingerprint,
    subject: `CN=${who}`,
    issuer: 'CN=ca',
    serial: '01',
    notAfter: at + 1_000,
    bundle: bundles[ca] ?? '',
    anchor: fingerprint,
    chain: null,
    verdict: 'admit',
    firstAt: at,
    lastAt: at,
    ...more,
  };
  const body = { edge: 'e', run: 'run', refusals: [], sightings: [sighting], chains: [], dropped: 0 };
  expect((await api.call('POST', '/v1/ledger', { body, token: api.edgeToken })).status).toBe(200);
}

const codesOf = ({ obstacles }: { obstacles: readonly { code: string }[] }) =>
  obstacles.map(({ code }) => code);

test('a rotation may end when every edge has told whom it saw until now, and nobody used the old CA lately', async () => {
  expect(codesOf(await client.routes.rotation('default', 'r'))).toEqual(['no_edge']);
  const leave = await connect('a');
  await report('a');
  expect(codesOf(await client.routes.rotation('default', 'r'))).toEqual(['edge_not_reported']);
  // Nobody waits, so nothing is asked for.
  expect(await report('a')).toBeUndefined();

  let done = false;
  const waiting = client.routes.rotation('default', 'r', { waitMs: 20_000 }).finally(() => {
    done = true;
  });
  let wanted = await report('a');
  while (wanted === undefined && !done) wanted = await report('a');
  expect(done).toBe(false);
  // An answer of before is not enough.
  await report('a', (wanted ?? 0) - 60_000);
  expect(done).toBe(false);
  await report('a', wanted);
  expect(await waiting).toMatchObject({ finishable: true, current: 'old', next: 'next', obstacles: [] });
  leave();
});

test('an edge that was there lately and is gone stands against the end, until the grace time is over', async () => {
  const leave = await connect('a');
  await report('a');
  leave();
  while (!codesOf(await client.routes.rotation('default', 'r')).includes('edge_unreachable'));
  nowOffsetMs = 25 * HOUR_MS;
  expect(codesOf(await client.routes.rotation('default', 'r'))).toEqual(['no_edge']);
});

test('an edge that claims to have reported what is still to come is not believed', async () => {
  const leave = await connect('a');
  await report('a', now() + HOUR_MS);
  expect(codesOf(await client.routes.rotation('default', 'r'))).toEqual(['edge_not_reported']);
  leave();
});

test('clients still on the old CA are listed, the latest first; those whom the next one let in since are not', async () => {
  await see('stays', 'old', now() - 25 * HOUR_MS);
  await see('recent', 'old', now() - HOUR_MS);
  await see('moved', 'old', now() - 2 * HOUR_MS);
  await see('moved', 'next', now() - HOUR_MS);
  await see('refused', 'old', now() - HOUR_MS, { verdict: 'refuse' });
  await see('elsewhere', 'old', now() - HOUR_MS, { route: 'other', host: 'other.example.org' });
  const rotation = await client.routes.rotation('default', 'r');
  expect(rotation.clients).toMatchObject([
    { subject: 'CN=recent', recent: true },
    { subject: 'CN=stays', recent: false },
  ]);
  expect(rotation).toMatchObject({ clientsTotal: 2, recentTotal: 1, finishable: false });
  expect(codesOf(rotation)).toContain('client_recent');
  const short = await client.routes.rotation('default', 'r', { graceMs: 60_000 });
  expect(short).toMatchObject({ recentTotal: 0 });
  expect(codesOf(short)).not.toContain('client_recent');
});

test('a route without a next CA is in no rotation; one that is not there is not found', async () => {
  const { spec } = await client.routes.get('default', 'r');
  await client.routes.update('default', 'r', {
    spec: { ...spec, tls: { clientValidationCa: { name: 'next' } } },
  });
  const rotation = await client.routes.rotation('default', 'r', { waitMs: 10_000 });
  expect(rotation).toMatchObject({ current: 'next', next: null, finishable: false });
  expect(codesOf(rotation)).toEqual(['not_rotating']);
  await expect(client.routes.rotation('default', 'none')).rejects.toMatchObject({ code: 'not_found' });
});

test('the next CA is in use: it cannot be deleted, and says by whom', async () => {
  await expect(client.secrets.delete('default', 'next')).rejects.toMatchObject({ code: 'in_use' });
  expect((await client.secrets.get('default', 'next')).usedBy).toEqual(['route/r']);
});
