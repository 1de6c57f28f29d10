import { createClient, type PosternClient } from '@postern/client';
import { type CertificateError, type Hostname, type ResourceName, routeDescriptor } from '@postern/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificateConditionOf } from './certificate-condition.ts';
import { specOf, startTestApi, type TestApi } from './testing/test-api.ts';

const DAY_MS = 86_400_000;
const PROJECT = 'default' as ResourceName;

let api: TestApi;
let client: PosternClient;
const clock = { now: Date.UTC(2026, 10, 22) };
beforeAll(async () => {
  api = await startTestApi({ now: () => clock.now });
  client = createClient({ url: api.url, token: api.adminToken, timeoutMs: 10_000 });
  await api.call('POST', 'services', {
    body: { name: 'echo', spec: { targets: ['http://127.0.0.1:3000'] } },
  });
});
afterAll(async () => api?.[Symbol.asyncDispose]());

const serve = (name: string) =>
  api.call('POST', 'routes', { body: { name, spec: specOf(`${name}.example.org`) } });
const orderOf = (name: string) => api.data.store.getCertificate(PROJECT, `${name}.example.org` as Hostname);

async function issue(name: string, days: number): Promise<void> {
  const { id, names } = await orderOf(name);
  const at = (ms: number) => new Date(ms).toISOString();
  await api.data.store.saveIssuedCertificate({
    orderId: id,
    names,
    issuer: 'https://ca.example/dir',
    renewAt: clock.now + (days - 1) * DAY_MS,
    ariCertId: null,
    document: {
      ...{ chainPem: `chain ${name}`, sealedKey: 'sealed-key-of-the-host', fingerprint: `${name}${days}` },
      ...{ names: [...names], notBefore: at(clock.now), notAfter: at(clock.now + days * DAY_MS) },
    },
  });
}

const conditionOf = async (name: string) => {
  const { conditions } = (await client.routes.get(PROJECT, name)).status;
  return conditions.find(({ type }) => type === 'Certificate');
};

describe('the condition Certificate of a route', () => {
  test('says since when a certificate is pending, what stands in the way, when it is tried next, and then who issued it', async () => {
    const created = await serve('told');
    const { conditions } = created.json.status;
    expect(conditions.slice(-2)).toMatchObject([
      {
        ...{
          type: 'Certificate',
          status: false,
          reason: 'Pending',
          lastTransitionAt: '2026-11-22T00:00:00.000Z',
        },
        message: 'certificate pending since 2026-11-22T00:00:00.000Z',
      },
      { type: 'Ready', status: false, reason: 'CertificatePending' },
    ]);
    clock.now += 60_000;
    const lastError: CertificateError = {
      code: 'dns_unresolvable',
      detail: 'told.example.org has no address: 127.0.0.1:53 answers NXDOMAIN',
      problemType: null,
      at: clock.now,
    };
    const { id } = await orderOf('told');
    await api.data.store.updateOrder(id, {
      ...{ state: 'failing', attempts: 3, nextAttemptAt: clock.now + 5000, lastError },
    });
    const failing = await conditionOf('told');
    expect(failing).toMatchObject({ status: false, reason: 'DnsUnresolvable' });
    expect(failing?.lastTransitionAt).toBe('2026-11-22T00:01:00.000Z');
    expect(failing?.message).toBe(
      'certificate pending since 2026-11-22T00:00:00.000Z: a name cannot be resolved: told.example.org has no address: 127.0.0.1:53 answers NXDOMAIN; next attempt 2026-11-22T00:01:05.000Z',
    );
    const { status } = await client.routes.get(PROJECT, 'told');
    expect(status).toMatchObject({ reason: 'CertificatePending', message: failing?.message });
    await issue('told', 90);
    expect(await conditionOf('told')).toMatchObject({
      ...{ status: true, reason: 'Issued', lastTransitionAt: '2026-11-22T00:01:00.000Z' },
      message: 'issued by https://ca.example/dir, valid until 2027-02-20T00:01:00.000Z',
    });
  });

  test('one that is expired or revoked does not hold; a successor that fails is told beside one that does', async () => {
    await serve('late');
    await issue('late', 10);
    const { id, certificate } = await orderOf('late');
    const lastError = {
      code: 'ca_unreachable',
      detail: 'no answer',
      problemType: null,
      at: clock.now,
    } as const;
    await api.data.store.updateOrder(id, { state: 'failing', renewReason: 'due', lastError });
    expect(await conditionOf('late')).toMatchObject({ status: true, reason: 'Issued' });
    expect((await conditionOf('late'))?.message).toMatch(
      /its successor: certificate pending since .*no answer/,
    );
    await api.data.store.noteRevoked(certificate?.id ?? '');
    expect(await conditionOf('late')).toMatchObject({ status: false, reason: 'Revoked' });
    clock.now += 11 * DAY_MS;
    expect(await conditionOf('late')).toMatchObject({ status: false, reason: 'CaUnreachable' });
    expect((await conditionOf('late'))?.message).toMatch(/^the certificate expired on 2026-12-02/);
  });

  test('a route that brings its own certificate says which secret holds it', async () => {
    const spec = { ...specOf('own.example.org'), tls: { serverCertificate: { name: 'mine' } } };
    const { document } = await api.data.store.getRoute({ project: PROJECT, name: 'told' as ResourceName });
    const own = { spec: routeDescriptor.parse(spec), document, order: null, updatedAt: 5 };
    const ended = clock.now - 1000;
    expect(certificateConditionOf(own, clock.now, ended)).toMatchObject({
      ...{ status: false, reason: 'Expired', lastTransitionAt: new Date(ended).toISOString() },
      message: expect.stringMatching(/^secret "mine" holds it, and it expired on \d{4}-/),
    });
    expect(certificateConditionOf(own, clock.now)).toMatchObject({
      ...{ status: true, reason: 'FromSecret', message: 'secret "mine" holds it' },
    });
    const closed = { reason: 'hostname_not_verified', message: 'make a record' };
    const unverified = {
      ...own,
      spec: routeDescriptor.parse(specOf('own.example.org')),
      document: { ...document, closed },
    };
    expect(certificateConditionOf(unverified, clock.now)).toMatchObject({
      ...{ status: false, reason: 'HostnameNotVerified', message: 'make a record' },
    });
    const order = { ...(await orderOf('told')), certificate: null };
    const former = { ...own, spec: routeDescriptor.parse(specOf('own.example.org')), order };
    expect(certificateConditionOf(former, clock.now)).toMatchObject({
      ...{ status: true, reason: 'FromSecret' },
      message: expect.stringMatching(/^that of the secret it named before serves; certificate pending since/),
    });
  });
});

describe('certificates', () => {
  test('are listed, also those that are pending or end soon; no key and no place of an order is told', async () => {
    await serve('soon');
    await issue('soon', 5);
    await serve('waits');
    const { id } = await orderOf('waits');
    await api.data.store.updateOrder(id, {
      ...{ state: 'ordering', orderUrl: 'https://ca.example/order/1', sealedKey: 'sealed-order-key' },
    });
    const namesOf = (items: readonly { names: string[] }[]) => items.map(({ names }) => names.join());
    expect(namesOf(await client.certificates.list(PROJECT, { pending: true }))).toContain(
      'waits.example.org',
    );
    expect(namesOf(await client.certificates.list(PROJECT, { pending: true }))).not.toContain(
      'soon.example.org',
    );
    const soon = await client.certificates.list(PROJECT, {
      expiresBefore: new Date(clock.now + 14 * DAY_MS),
    });
    expect(namesOf(soon)).toContain('soon.example.org');
    const all = await client.certificates.list(PROJECT);
    expect(namesOf(all)).toEqual(namesOf(all).toSorted());
    expect(JSON.stringify(all)).not.toMatch(/sealed|order\/1/);
    const pages = await api.call('GET', 'certificates?limit=1');
    const second = await api.call('GET', `certificates?limit=1&after=${pages.json.next}`);
    expect(namesOf([...pages.json.items, ...second.json.items])).toEqual(namesOf(all).slice(0, 2));
    expect((await api.call('GET', 'certificates?after=x')).status).toBe(422);
  });

  test('one is found by any spelling of a name, with its chain; one that nobody gets is not found', async () => {
    const got = await client.certificates.get(PROJECT, 'SOON.example.org.');
    expect(got).toMatchObject({
      ...{ state: 'issued', pendingSince: null, chainPem: 'chain soon', revocation: null },
      certificate: { issuer: 'https://ca.example/dir', fingerprint: 'soon5' },
    });
    await expect(client.certificates.get(PROJECT, 'none.example.org')).rejects.toMatchObject({
      code: 'not_found',
    });
    await api.call('POST', 'routes', { body: { name: 'wild', spec: specOf('*.wild.example.org') } });
    expect((await client.certificates.get(PROJECT, '*.wild.example.org')).pendingSince).not.toBeNull();
  });

  test('a renewal is wanted at once, and tried without effect; a revocation is noted for the worker', async () => {
    const tried = await client.certificates.renew(PROJECT, 'soon.example.org', { dryRun: true });
    expect(tried.renewReason).toBe('requested');
    expect((await orderOf('soon')).renewReason).toBeNull();
    const asked = await client.certificates.renew(PROJECT, 'soon.example.org');
    expect(asked.pendingSince).toBe(new Date(clock.now).toISOString());
    expect((await orderOf('soon')).nextAttemptAt).toBe(clock.now);
    const revoked = await client.certificates.revoke(PROJECT, 'soon.example.org', {
      reason: 'keyCompromise',
    });
    expect(revoked.revocation).toMatchObject({
      state: 'waiting',
      reason: 'keyCompromise',
      fingerprint: 'soon5',
    });
    expect(await api.data.store.listWaitingRevocations(10)).toMatchObject([{ reason: 'keyCompromise' }]);
    const refused = await api.call('POST', 'certificates/waits.example.org/revoke', { body: {} });
    expect(refused.status).toBe(404);
    const edge = await api.call('GET', 'certificates', { token: api.edgeToken });
    expect(edge.status).toBe(403);
  });
});
