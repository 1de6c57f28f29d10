import { createClient, type PosternClient } from '@postern/client';
import type { DnsFindings, Hostname, ResourceName } from '@postern/contracts';
import { createLog } from '@postern/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi } from './start-api.ts';
import { specOf, startTestApi, type TestApi } from './testing/test-api.ts';

const PROJECT = 'default' as ResourceName;
const NOTHING: DnsFindings = { cname: [], addresses: [], txt: [], caa: null, failures: [] };

let api: TestApi;
let client: PosternClient;
const clock = { now: Date.UTC(2026, 10, 22) };
beforeAll(async () => {
  api = await startTestApi({
    now: () => clock.now,
    hostnameVerification: true,
    publicEdge: { name: 'edge.example.org' as Hostname, addresses: ['192.0.2.7', '2001:db8::7'] },
  });
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 10_000 });
  await api.call('POST', 'services', {
    body: { name: 'echo', spec: { targets: ['http://127.0.0.1:3000'] } },
  });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

async function check(name: string, found: Partial<DnsFindings>, proof: 'cname' | null): Promise<void> {
  clock.now += 60_000;
  const record = await api.data.store.getHostname(PROJECT, name as Hostname);
  const outcome = { found: { ...NOTHING, ...found }, proof, nextCheckAt: clock.now + 5000 };
  await api.data.store.noteHostnameCheck(record, outcome);
}

test('a route on a name of its own is not served before the name is verified, and says what DNS lacks and since when', async () => {
  const { json } = await api.call('POST', 'routes', {
    body: { name: 'shop', spec: specOf('shop.example.org') },
  });
  expect(json.status).toMatchObject({ ready: false, reason: 'HostnameNotVerified' });
  expect(json.status.conditions).toMatchObject([
    {
      type: 'HostValidation',
      status: false,
      reason: 'Validating',
      lastTransitionAt: '2026-11-22T00:00:00.000Z',
    },
    { type: 'Certificate', status: false, reason: 'HostnameNotVerified' },
    { type: 'Ready', status: false, reason: 'HostnameNotVerified' },
  ]);
  await check('shop.example.org', { cname: ['else.example.net'], addresses: ['198.51.100.1'] }, null);
  const [refused] = (await client.routes.get(PROJECT, 'shop')).status.conditions;
  expect(refused).toMatchObject({ reason: 'DnsNotVerified', lastTransitionAt: '2026-11-22T00:01:00.000Z' });
  expect(refused?.message).toContain(
    'CNAME leads to else.example.net; its addresses are 198.51.100.1; for the records to make: postern hostname check shop.example.org; next look 2026-11-22T00:01:05',
  );
  await check('shop.example.org', { cname: ['edge.example.org'] }, 'cname');
  const { status } = await client.routes.get(PROJECT, 'shop');
  expect(status.conditions).toMatchObject([
    { status: true, reason: 'Verified', message: 'verified by its CNAME record on 2026-11-22T00:02:00.000Z' },
    { type: 'Certificate', reason: 'Pending' },
    { type: 'Ready', reason: 'CertificatePending' },
  ]);
  await check('shop.example.org', {}, null);
  const [changed] = (await client.routes.get(PROJECT, 'shop')).status.conditions;
  expect(changed).toMatchObject({ status: true, reason: 'DnsChanged' });
  expect(changed?.message).toContain(
    'which DNS no longer says: no record was found; it is served all the same',
  );
});

test('names below the domain of generated ones need no proof', async () => {
  await client.hostnames.add(PROJECT, 'mine.localhost');
  expect(await client.hostnames.get(PROJECT, 'mine.localhost')).toMatchObject({
    ...{ state: 'NotRequired', verifiedBy: 'trusted', kept: true, generated: false, route: null },
  });
  expect(await client.hostnames.add(PROJECT)).toMatchObject({
    ...{ state: 'NotRequired', verifiedBy: 'generated', generated: true },
    name: expect.stringMatching(/^[a-z]+-[a-z]+-\d{4}\.localhost$/),
  });
});

test('a hostname tells the records of which one verifies it; a wildcard has but one', async () => {
  const { records } = await client.hostnames.add(PROJECT, 'Told.Example.org');
  const token = expect.stringMatching(/^postern-verification=[\w-]{43}$/);
  expect(records).toEqual([
    { type: 'CNAME', name: 'told.example.org', value: 'edge.example.org' },
    { type: 'A', name: 'told.example.org', value: '192.0.2.7' },
    { type: 'AAAA', name: 'told.example.org', value: '2001:db8::7' },
    { type: 'TXT', name: '_postern-challenge.told.example.org', value: token },
  ]);
  expect((await client.hostnames.add(PROJECT, '*.told.example.org')).records).toEqual([
    { type: 'TXT', name: '_postern-challenge.told.example.org', value: token },
  ]);
});

test('a look at DNS is asked for; what it found is shown', async () => {
  await client.hostnames.add(PROJECT, 'asked.example.org');
  await check('asked.example.org', {}, null);
  clock.now += 100;
  expect(await client.hostnames.check(PROJECT, 'asked.example.org')).toMatchObject({
    nextCheckAt: new Date(clock.now).toISOString(),
    checked: { at: new Date(clock.now - 100).toISOString() },
  });
});

test('a hostname that a route uses stays; a free one goes; both are listed page by page', async () => {
  await expect(client.hostnames.remove(PROJECT, 'shop.example.org')).rejects.toMatchObject({
    code: 'in_use',
  });
  const all = await client.hostnames.list(PROJECT);
  expect(all.find(({ name }) => name === 'shop.example.org')).toMatchObject({ route: 'shop', kept: false });
  const first = await api.call('GET', 'hostnames?limit=2');
  const second = await api.call('GET', `hostnames?limit=1000&after=${first.json.next}`);
  expect([...first.json.items, ...second.json.items]).toEqual(all);
  expect(second.json.next).toBeNull();
  await client.hostnames.remove(PROJECT, 'asked.example.org', { dryRun: true });
  await client.hostnames.remove(PROJECT, 'asked.example.org');
  await expect(client.hostnames.get(PROJECT, 'asked.example.org')).rejects.toMatchObject({
    code: 'not_found',
  });
});

test('an API that asks for no proof any more serves what waited for one', async () => {
  await client.hostnames.add(PROJECT, 'waits.example.org');
  const lenient = await startApi({
    ...{ listen: [{ host: '127.0.0.1', port: 0 }], store: api.data.store, masterKey: api.data.masterKey },
    ...{ log: createLog('api', { file: `${api.directory}/lenient` }), now: () => clock.now },
    ...{ hostnameDomain: 'localhost' as Hostname, publicHttpsPort: 8443, version: '0.0.0-test' },
  });
  await lenient.close();
  expect((await client.hostnames.get(PROJECT, 'waits.example.org')).state).toBe('NotRequired');
});
