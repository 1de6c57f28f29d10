import { createHash } from 'node:crypto';
import { createClient, type PosternClient } from '@postern/client';
import type { ClientSighting, LedgerReport, RefusalReport } from '@postern/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from './testing/test-api.ts';

const AT = Date.UTC(2026, 10, 21);
const HASH = createHash('sha256').update('chain').digest('hex');

let api: TestApi;
let client: PosternClient;
beforeAll(async () => {
  api = await startTestApi();
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 120_000 });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

function refusalOf(number: number, more: Partial<RefusalReport> = {}): RefusalReport {
  return {
    id: `000000000-${String(number).padStart(16, '0')}`,
    project: 'default',
    route: 'shop',
    host: 'shop.example.org',
    sni: 'shop.example.org',
    firstAt: AT,
    lastAt: AT,
    count: 1,
    reason: 'certificate_expired',
    detail: 'it ended',
    rule: null,
    clientAddress: '192.0.2.1',
    fingerprint: HASH,
    subject: 'CN=a',
    issuer: 'CN=b',
    serial: '01',
    chain: HASH,
    revision: 3,
    tlsVersion: 'TLSv1.3',
    observed: false,
    various: false,
    ...more,
  };
}

const SIGHTING: ClientSighting = {
  project: 'default',
  route: 'shop',
  host: 'shop.example.org',
  fingerprint: HASH,
  subject: 'CN=a',
  issuer: 'CN=b',
  serial: '01',
  notAfter: AT + 1_000,
  bundle: 'gone',
  anchor: HASH,
  chain: HASH,
  verdict: 'admit',
  firstAt: AT,
  lastAt: AT,
};

async function report(more: Partial<LedgerReport>, token = api.edgeToken) {
  const body = { edge: 'edge-1', run: 'run', refusals: [], sightings: [], chains: [], dropped: 0, ...more };
  return api.call('POST', '/v1/ledger', { body, token });
}

test('what edges refuse is listed with all that is known of it, page by page, and found by its id', async () => {
  const chains = [{ hash: HASH, trusted: false, certificates: ['AAAA', 'BBBB'] }];
  const sent = { refusals: [refusalOf(1), refusalOf(2, { count: 7 })], chains, dropped: 4 };
  expect((await report(sent)).json).toEqual({ taken: true });
  expect((await report(sent)).status).toBe(200);
  const { chain: chainHash, ...shown } = refusalOf(2, { count: 7 });
  const at = new Date(AT).toISOString();
  const untold = { phase: null, observedMatch: null };
  const expected = { ...shown, ...untold, edge: 'edge-1', chainHash, firstAt: at, lastAt: at };
  const list = await client.refusals.list('default');
  expect(list).toMatchObject({ dropped: 4, more: false });
  expect(list.items[0]).toEqual(expected);
  expect(list.items).toHaveLength(2);
  expect(await client.refusals.list('default', { limit: 1 })).toMatchObject({ more: true });
  const page = await api.call('GET', 'refusals?limit=1');
  const rest = await api.call('GET', `refusals?limit=1&after=${page.json.next}`);
  expect([page.json.items[0].id, rest.json.items[0].id, rest.json.next]).toEqual([
    refusalOf(2).id,
    refusalOf(1).id,
    null,
  ]);
  expect(await client.refusals.get('default', refusalOf(2).id)).toEqual({
    ...expected,
    chainPem: ['AAAA', 'BBBB'].map(
      (text) => `-----BEGIN CERTIFICATE-----\n${text}\n-----END CERTIFICATE-----\n`,
    ),
  });
  const filter = { host: 'shop.example.org', reason: 'certificate_expired', since: new Date(AT) };
  expect((await client.refusals.list('default', filter)).items).toHaveLength(2);
  expect((await client.refusals.list('default', { since: new Date(AT + 1) })).items).toEqual([]);
  expect((await client.refusals.list('default', { observed: true })).items).toEqual([]);
});

test('the tail tells what comes while it waits, within a second', { timeout: 120_000 }, async () => {
  const stopping = new AbortController();
  const tail = client.refusals.tail('default', { route: 'pay' }, { signal: stopping.signal });
  const first = tail[Symbol.asyncIterator]().next();
  let arrived = false;
  void first.then(() => {
    arrived = true;
  });
  // The tail begins where the ledger ends when its first call is answered; until then nothing is waited for.
  for (let number = 100; !arrived && number < 200; number += 1) {
    await report({
      refusals: [refusalOf(number, { route: 'other' }), refusalOf(number + 100, { route: 'pay' })],
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  expect((await first).value).toMatchObject({ route: 'pay', edge: 'edge-1' });
  stopping.abort();
  expect((await tail[Symbol.asyncIterator]().next()).done).toBe(true);
});

test('clients are listed with the hosts and CAs they were seen at', async () => {
  await report({ sightings: [SIGHTING], chains: [{ hash: HASH, trusted: true, certificates: ['AAAA'] }] });
  const at = new Date(AT).toISOString();
  const [known] = await client.clients.list('default');
  expect(known).toMatchObject({ fingerprint: HASH, notAfter: new Date(AT + 1_000).toISOString() });
  expect(known?.hosts).toEqual([
    {
      host: 'shop.example.org',
      route: 'shop',
      ca: null,
      bundle: 'gone',
      anchor: HASH,
      verdict: 'admit',
      firstAt: at,
      lastAt: at,
    },
  ]);
  expect(await client.clients.list('default', { expiresBefore: new Date(AT) })).toEqual([]);
  expect(await client.clients.list('default', { expiresBefore: new Date(AT + 5_000) })).toHaveLength(1);
  expect((await client.clients.get('default', HASH)).chainPem).toHaveLength(2);
  await expect(client.clients.get('default', 'a'.repeat(64))).rejects.toMatchObject({ code: 'not_found' });
});

test('only admin tokens read the ledger, only edges write it', async () => {
  for (const path of [
    'refusals',
    'refusal-tail',
    `refusals/${refusalOf(1).id}`,
    'clients',
    `clients/${HASH}`,
  ])
    expect((await api.call('GET', path, { token: api.edgeToken })).status).toBe(403);
  expect((await report({}, api.adminToken)).status).toBe(403);
  expect((await api.call('GET', '/v1/projects/nobody/refusals')).status).toBe(404);
});

test('a report beyond the bounds is refused whole', async () => {
  const before = (await client.refusals.list('default')).items.length;
  const hostile = refusalOf(3, { subject: 'x'.repeat(600) });
  expect((await report({ refusals: [refusalOf(4), hostile] })).status).toBe(422);
  const many = Array.from({ length: 201 }, (_, index) => refusalOf(1_000 + index));
  expect((await report({ refusals: many })).status).toBe(422);
  expect((await client.refusals.list('default')).items).toHaveLength(before);
});

test('when a client met its refusal, and which observed matcher would admit it, is told and asked for', async () => {
  const place = { route: 'told', host: 'told.example.org' };
  const allowed = refusalOf(901, { ...place, phase: 'request', observedMatch: 'exact "a.acme.org"' });
  await report({
    refusals: [allowed, refusalOf(902, { ...place, phase: 'connection' }), refusalOf(903, place)],
  });
  const list = async (filter: object) =>
    (await client.refusals.list('default', { route: 'told', ...filter })).items.map(
      ({ phase, observedMatch }) => [phase, observedMatch],
    );
  expect(await list({ observedMatch: true })).toEqual([['request', 'exact "a.acme.org"']]);
  expect(await list({ observedMatch: false })).toEqual([
    [null, null],
    ['connection', null],
  ]);
});
