import { hash } from 'node:crypto';
import type { RefusalReport } from '@postern/contracts';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type HttpFixture, startHttpFixture } from './http/testing/http-fixture.ts';
import { OpensslCertificates } from './testing/openssl-certificates.ts';
import { curl } from './testing/openssl-client.ts';

let http: HttpFixture;
let clients: Record<'right' | 'other' | 'stranger' | 'hostile', ReturnType<OpensslCertificates['signed']>>;

beforeAll(async () => {
  http = await startHttpFixture();
  const openssl = new OpensslCertificates(http.edge.directory);
  const ca = openssl.selfSigned('A');
  clients = {
    right: openssl.signed(ca, 'client.acme.org'),
    other: openssl.signed(ca, 'other.acme.org'),
    stranger: openssl.signed(openssl.selfSigned('B'), 'client.acme.org'),
    hostile: openssl.signed(ca, '\u001b]0;owned\u0007\u202e'),
  };
  const subjectMatches = [{ exact: 'client.acme.org' }];
  await http.putHost('a.example', 1, { anchors: [ca.cert], subjectMatches });
  await http.putHost('open.example', 1);
});
afterAll(() => http.close());

function refusals(): RefusalReport[] {
  return http.edge.ledger.flatMap((news) => news.refusals);
}

/** Waits for the worker to tell of refusals that match. */
async function recorded(match: Partial<RefusalReport>): Promise<RefusalReport> {
  return vi.waitFor(() => {
    const found = refusals().filter((refusal) => expect.objectContaining(match).asymmetricMatch(refusal));
    const last = found.at(-1);
    if (last === undefined) throw new Error(`none like ${JSON.stringify(match)}`);
    return last;
  }, 30_000);
}

test('a stranger is recorded with what it presented, and the log names the entry', async () => {
  await curl(http.edge, 'a.example', { certificate: clients.stranger });
  const refusal = await recorded({ reason: 'certificate_untrusted' });
  expect(refusal).toMatchObject({
    project: 'default',
    route: 'route',
    host: 'a.example',
    sni: 'a.example',
    clientAddress: '127.0.0.1',
    fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    subject: 'CN=client.acme.org',
    issuer: 'CN=B',
    serial: expect.stringMatching(/^[0-9a-f]+$/),
    rule: null,
    tlsVersion: 'TLSv1.3',
    observed: false,
    various: false,
    count: 1,
  });
  expect(refusal.revision).toBeGreaterThan(0);
  expect(http.edge.log).toContainEqual(
    expect.objectContaining({ msg: 'client refused', refusal: refusal.id }),
  );
  const chain = http.edge.ledger.flatMap(({ chains }) => chains).find(({ hash: id }) => id === refusal.chain);
  const ders = chain?.certificates.map((text) => Buffer.from(text, 'base64')) ?? [];
  expect(hash('sha256', ders[0] ?? '')).toBe(refusal.fingerprint);
  expect(chain?.trusted).toBe(false);
});

test('a client without a certificate is recorded by its address', async () => {
  await curl(http.edge, 'a.example');
  expect(await recorded({ reason: 'certificate_missing' })).toMatchObject({
    clientAddress: '127.0.0.1',
    fingerprint: null,
    chain: null,
  });
});

test.each(['--http1.1', '--http2'])('a 403 and the access log name the entry (%s)', async (protocol) => {
  const args = [protocol];
  const { stdout } = await curl(http.edge, 'a.example', { certificate: clients.other, args });
  const problem = JSON.parse(stdout) as { refusal: string };
  const again = await curl(http.edge, 'a.example', { certificate: clients.other, args });
  const refusal = await recorded({ reason: 'subject_not_allowed', subject: 'CN=other.acme.org' });
  expect(problem).toMatchObject({ status: 403, refusal: refusal.id });
  expect(JSON.parse(again.stdout).refusal).toBe(refusal.id);
  expect(http.entries.at(-1)).toMatchObject({ status: 403, refusal: refusal.id });
});

test('a request for a host that its connection is not for is recorded, also on an open host', async () => {
  const { stdout } = await curl(http.edge, 'open.example', { args: ['-H', 'Host: a.example'] });
  const refusal = await recorded({ reason: 'misdirected_request' });
  expect(JSON.parse(stdout)).toMatchObject({ status: 421, refusal: refusal.id });
  expect(refusal).toMatchObject({ host: 'open.example', fingerprint: null });
});

test('unknown names are only counted', async () => {
  const before = refusals().length;
  await curl(http.edge, 'unknown.example');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(refusals()).toHaveLength(before);
});

test('what a hostile certificate says of itself is visible ASCII', async () => {
  await curl(http.edge, 'a.example', { certificate: clients.hostile });
  const found = await vi.waitFor(() => {
    const refusal = refusals().find(({ subject }) => subject?.includes('owned'));
    if (refusal === undefined) throw new Error('none yet');
    return refusal;
  }, 30_000);
  expect(found.subject).toMatch(/^[\x20-\x7e]+$/);
});

test('clients are seen with the anchor and the bundle that vouch for them, admitted or not', async () => {
  await curl(http.edge, 'a.example', { certificate: clients.right });
  await curl(http.edge, 'a.example', { certificate: clients.right });
  await curl(http.edge, 'a.example', { certificate: clients.other });
  const sightings = () => http.edge.ledger.flatMap((news) => news.sightings);
  await vi.waitFor(
    () => expect(new Set(sightings().map(({ subject }) => subject))).toContain('CN=client.acme.org'),
    30_000,
  );
  const right = sightings().filter(({ subject }) => subject === 'CN=client.acme.org');
  expect(right.length, 'one a minute').toBeLessThanOrEqual(2);
  expect(right[0]).toMatchObject({
    host: 'a.example',
    bundle: 'bundle-a.example',
    anchor: expect.stringMatching(/^[0-9a-f]{64}$/),
    verdict: 'admit',
    chain: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
  const other = sightings().find(({ subject }) => subject === 'CN=other.acme.org');
  expect(other).toMatchObject({ verdict: 'refuse', anchor: right[0]?.anchor });
});
