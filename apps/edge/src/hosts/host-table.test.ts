import { X509Certificate } from 'node:crypto';
import { type Hostname, LIMITS } from '@postern/contracts';
import { trustBundleOf } from '@postern/pki';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from '../testing/edge-fixture.ts';
import { hostDocumentOf } from '../testing/feed-documents.ts';
import { OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';

let edge: EdgeFixture;
let passedMs = 0;

beforeEach(async () => {
  passedMs = 0;
  const now = () => Date.now() + passedMs;
  edge = await startEdgeFixture({ now, limits: { servedHostsMax: 4, secureContextsMax: 2 } });
  await edge.putHost('a.example.org');
  await edge.putHost('b.example.org');
  await edge.putHost('*.example.org');
});
afterEach(() => edge.close());

function lookUp(name: string) {
  return edge.worker.hosts.lookUp(name as Hostname);
}

function unusable() {
  return edge.log.filter(({ msg }) => msg.startsWith('a document cannot be used'));
}

test('the exact host comes before its wildcard, which covers one label', () => {
  expect(lookUp('a.example.org')).toMatchObject({ state: 'served', host: { id: 'a.example.org' } });
  expect(lookUp('c.example.org')).toMatchObject({ state: 'served', host: { id: '*.example.org' } });
  expect(lookUp('c.d.example.org')).toEqual({ state: 'unknown' });
  expect(lookUp('example.org')).toEqual({ state: 'unknown' });
  edge.put('host', 'a.example.org', null);
  expect(lookUp('a.example.org')).toMatchObject({ state: 'served', host: { id: '*.example.org' } });
});

test.each([
  ['a body that is no document', 'unusable_document', { host: 'a.example.org' }, 1],
  ['a field from the future', 'unusable_document', { ...hostDocumentOf('a.example.org'), quota: 1 }, 1],
  ['the document of another host', 'unusable_document', hostDocumentOf('x.example.org'), 1],
  ['a format of the future', 'unknown_format', hostDocumentOf('a.example.org'), 999],
  ['the format of what the API could not seal', 'unknown_format', hostDocumentOf('a.example.org'), -1],
  [
    'a certificate that is not there',
    'certificate_missing',
    hostDocumentOf('a.example.org', { certificate: 'gone' }),
    1,
  ],
  [
    'a trust bundle that is not there',
    'trust_bundle_missing',
    hostDocumentOf('a.example.org', {
      clientCertificate: { mode: 'require', trustBundle: 'gone', subjectMatches: null },
    }),
    1,
  ],
  [
    'a host closed by the API',
    'ca_unusable',
    hostDocumentOf('a.example.org', { closed: { reason: 'ca_unusable', message: 'no CA' } }),
    1,
  ],
])('%s closes that host alone, not to its wildcard', (_, reason, body, format) => {
  edge.put('host', 'a.example.org', body, format);
  expect(lookUp('a.example.org')).toMatchObject({ state: 'closed', reason });
  expect(edge.worker.hosts.get('a.example.org' as Hostname)).toBeUndefined();
  expect(lookUp('b.example.org').state).toBe('served');
  expect(lookUp('c.example.org').state).toBe('served');
  expect(edge.worker.closedHosts()).toMatchObject([{ host: 'a.example.org', reason }]);
});

test('what is wrong is told once for a revision, and gone once it is mended', async () => {
  edge.put('host', 'a.example.org', { broken: 1 });
  for (let n = 0; n < 5; n += 1) lookUp('a.example.org');
  edge.worker.applyChanges('all');
  lookUp('a.example.org');
  expect(unusable()).toHaveLength(1);
  await edge.putHost('a.example.org');
  expect(lookUp('a.example.org').state).toBe('served');
  expect(edge.worker.closedHosts()).toEqual([]);
});

test('a host that a fault of the disk closed is tried again after a second; one that its document closed is not', () => {
  const get = vi.spyOn(edge.replica, 'get');
  get.mockImplementationOnce(() => {
    throw new Error('disk I/O error');
  });
  edge.worker.applyChanges('all');
  expect(lookUp('a.example.org')).toMatchObject({ state: 'closed', reason: 'unusable_document' });
  expect(lookUp('a.example.org').state).toBe('closed');
  passedMs = 1_000;
  expect(lookUp('a.example.org').state).toBe('served');
  expect(edge.worker.closedHosts()).toEqual([]);
  edge.put('host', 'a.example.org', { broken: 1 });
  expect(lookUp('a.example.org').state).toBe('closed');
  get.mockClear();
  passedMs = 1_000_000;
  expect(lookUp('a.example.org').state).toBe('closed');
  expect(get).not.toHaveBeenCalled();
});

test('a certificate whose key does not open, or is another one, closes its host alone', async () => {
  const id = 'certificate-a.example.org';
  const good = (await edge.issue(id, 'a.example.org')) as Record<string, unknown>;
  const foreign = (await edge.issue(id, 'a.example.org')) as Record<string, unknown>;
  const moved = (await edge.issue('certificate-b.example.org', 'a.example.org')) as Record<string, unknown>;
  for (const body of [
    { ...good, sealedKey: 'garbage' },
    { ...good, sealedKey: foreign.sealedKey },
    moved,
    { ...good, chainPem: 'garbage' },
    { ...good, chainPem: `${good.chainPem}-----BEGIN CERTIFICATE-----\nAAAA` },
  ]) {
    edge.put('certificate', id, body);
    expect(lookUp('a.example.org')).toMatchObject({ state: 'closed', reason: 'certificate_unusable' });
    expect(lookUp('b.example.org').state).toBe('served');
  }
  edge.put('certificate', id, good);
  expect(lookUp('a.example.org').state).toBe('served');
});

test('a trust bundle that is damaged, or not what its hash says, closes its hosts: never the public roots', async () => {
  const openssl = new OpensslCertificates(edge.directory);
  const ca = openssl.selfSigned('A');
  const other = openssl.selfSigned('B');
  await edge.putHost('a.example.org', { anchors: [ca.cert] });
  const served = lookUp('a.example.org');
  const [bundle] = served.state === 'served' ? served.host.bundles.values() : [];
  if (bundle === undefined) throw new Error('not served');
  const { contentHash } = bundle;
  for (const anchorsPem of [
    [],
    [''],
    ['garbage'],
    [pemOf(other.cert)],
    [pemOf(ca.cert), pemOf(other.cert)],
    [pemOf(ca.cert) + pemOf(other.cert)],
    [pemOf(ca.key)],
  ]) {
    edge.put('trust-bundle', 'bundle-a.example.org', { contentHash, anchorsPem });
    expect(lookUp('a.example.org').state).toBe('closed');
  }
  edge.put('trust-bundle', 'bundle-a.example.org', { contentHash, anchorsPem: [pemOf(ca.cert)] });
  expect(lookUp('a.example.org').state).toBe('served');
  const anchor = { pem: pemOf(ca.cert), der: new X509Certificate(pemOf(ca.cert)).raw };
  const tooMany = trustBundleOf(Array.from({ length: LIMITS.anchorsMax + 1 }, () => anchor));
  edge.put('trust-bundle', 'bundle-a.example.org', tooMany);
  expect(lookUp('a.example.org')).toMatchObject({
    message: expect.stringContaining('more than 500 anchors'),
  });
});

test('a host without a certificate yet is not served, and is not damaged', () => {
  edge.put('host', 'a.example.org', hostDocumentOf('a.example.org', { certificate: null }));
  expect(lookUp('a.example.org')).toEqual({ state: 'no_certificate' });
  expect(edge.worker.hosts.get('a.example.org' as Hostname)).toBeUndefined();
  expect(unusable()).toEqual([]);
});

test('matchers that do not compile close the host', async () => {
  const openssl = new OpensslCertificates(edge.directory);
  await edge.putHost('a.example.org', {
    anchors: [openssl.selfSigned('A').cert],
    subjectMatches: [{ regex: '(' }],
  });
  expect(lookUp('a.example.org')).toMatchObject({ state: 'closed', reason: 'unusable_document' });
});

test('whatever may change what is said of a served host changes the table', async () => {
  const { hosts } = edge.worker;
  const name = 'a.example.org' as Hostname;
  const { changes } = hosts;
  const host = hosts.get(name);
  lookUp(name);
  expect(hosts.changes).toBe(changes);
  await edge.putHost(name);
  expect(hosts.changes).toBeGreaterThan(changes);
  expect(hosts.get(name)).not.toBe(host);
  const then = hosts.changes;
  // No change of the feed: a context is due, and cannot be made.
  const { certificate } = hosts.get(name) ?? {};
  Object.assign(hosts.get(name) ?? {}, {
    certificateHash: 'another',
    certificate: { ...certificate, sealedKey: 'garbage' },
  });
  expect(lookUp(name).state).toBe('closed');
  expect(hosts.changes).toBeGreaterThan(then);
  expect(hosts.get(name)).toBeUndefined();
});

test('contexts and hosts let go of are made again', () => {
  const names = ['a.example.org', 'b.example.org', 'c.example.org'];
  for (let round = 0; round < 3; round += 1) {
    for (const name of names) expect(lookUp(name).state).toBe('served');
  }
});

test('a host that connections are open to stays as it is while others come and go, until it changes', async () => {
  const others = ['d.example.org', 'e.example.org', 'f.example.org', 'g.example.org'];
  for (const name of others) await edge.putHost(name);
  const { hosts } = edge.worker;
  const names = { own: 'a.example.org' as Hostname, wildcard: 'x.example.org' as Hostname };
  const before = { own: hosts.get(names.own), wildcard: hosts.get(names.wildcard) };
  const releases = [hosts.hold(names.own), hosts.hold(names.own), hosts.hold(names.wildcard)];
  const crowd = () => {
    for (const name of others) lookUp(name);
  };
  crowd();
  expect(hosts.get(names.own)).toBe(before.own);
  expect(hosts.get(names.wildcard)).toBe(before.wildcard);
  await edge.putHost('a.example.org');
  const changed = hosts.get(names.own);
  expect(changed).not.toBe(before.own);
  crowd();
  expect(hosts.get(names.own)).toBe(changed);
  for (const release of releases) release();
  crowd();
  expect(hosts.get(names.own)).not.toBe(changed);
});

test('a context that is let go is freed, in a later turn than the look-up that gave it', async () => {
  const found = lookUp('a.example.org');
  if (found.state !== 'served') throw new Error('not served');
  const { context } = found.secureContext as { context: { getCertificate(): Buffer | null } };
  for (const name of ['b.example.org', 'c.example.org']) lookUp(name);
  expect(context.getCertificate()).not.toBeNull();
  await new Promise(setImmediate);
  expect(context.getCertificate()).toBeNull();
  expect(lookUp('a.example.org').state).toBe('served');
});

test('a trust bundle is read once for all that use it, and anew when it has changed', async () => {
  const openssl = new OpensslCertificates(edge.directory);
  const [ca, other] = [openssl.selfSigned('A'), openssl.selfSigned('B')];
  const clientCertificate = {
    mode: 'require' as const,
    trustBundle: 'bundle-a.example.org',
    subjectMatches: null,
  };
  await edge.putHost('a.example.org', { anchors: [ca.cert] });
  await edge.putHost('b.example.org', { clientCertificate });
  const bundle = edge.worker.hosts.getTrustBundle('bundle-a.example.org');
  expect(bundle?.anchorsPem).toEqual([pemOf(ca.cert)]);
  for (const name of ['a.example.org', 'b.example.org']) {
    const found = lookUp(name);
    expect(found.state === 'served' && [...found.host.bundles.values()]).toEqual([bundle]);
  }
  await edge.putHost('a.example.org', { anchors: [other.cert] });
  expect(edge.worker.hosts.getTrustBundle('bundle-a.example.org')?.anchorsPem).toEqual([pemOf(other.cert)]);
  const found = lookUp('b.example.org');
  expect(found.state === 'served' && [...found.host.bundles.values()][0]?.anchorsPem).toEqual([
    pemOf(other.cert),
  ]);
  edge.worker.applyChanges('all');
  expect(edge.worker.hosts.getTrustBundle('bundle-a.example.org')).not.toBe(bundle);
});

test('a certificate for upstreams is opened once, and anew when it has changed', async () => {
  const id = 'certificate-a.example.org';
  const opened = edge.worker.hosts.getCertificate(id);
  expect(edge.worker.hosts.getCertificate(id)).toBe(opened);
  edge.put('certificate', id, await edge.issue(id, 'a.example.org'));
  expect(edge.worker.hosts.getCertificate(id)?.chainPem).not.toBe(opened?.chainPem);
  edge.put('certificate', id, null);
  expect(edge.worker.hosts.getCertificate(id)).toBeUndefined();
});
