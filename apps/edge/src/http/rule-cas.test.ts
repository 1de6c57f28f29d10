import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import type { HostDocument, Hostname } from '@postern/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import { sClient } from '../testing/openssl-client.ts';
import { listenOn, type Seen, startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { openWebsocket } from './testing/open-websocket.ts';
import { ask, get, openHttp2, sendRaw } from './testing/raw-client.ts';

const MIXED = 'mixed.example.org';
const REQUEST = 'request.example.org';
const PROTECTED = { name: 'orders', prefix: '/partners', service: 'echo', enableWebsockets: true };
const OPEN = { name: null, prefix: '/', service: 'echo', enableWebsockets: true };
const ASKS = { mode: 'request', trustBundle: null, subjectMatches: null } as const;

let fixture: HttpFixture;
let echo: TestServer;
let websockets: TestServer;
let openssl: OpensslCertificates;
let authorities: { own: CertificateFiles; partners: CertificateFiles; other: CertificateFiles };
/** By the CA that made them. */
let clients: Record<'own' | 'partners' | 'other', CertificateFiles>;

beforeAll(async () => {
  fixture = await startHttpFixture();
  echo = await startEcho();
  const server = createServer();
  new WebSocketServer({ server });
  websockets = await listenOn(server);
  openssl = new OpensslCertificates(fixture.edge.directory);
  authorities = {
    own: openssl.selfSigned('own'),
    partners: openssl.selfSigned('partners'),
    other: openssl.selfSigned('other'),
  };
  clients = {
    own: openssl.signed(authorities.own, 'own.acme.org'),
    partners: openssl.signed(authorities.partners, 'partner.acme.org'),
    other: openssl.signed(authorities.other, 'other.acme.org'),
  };
  fixture.edge.putBundle('partners', [authorities.partners.cert]);
  await put(MIXED, { anchors: [authorities.own.cert] });
  await put(REQUEST, { clientCertificate: ASKS });
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
  await websockets.close();
});

/** A host whose paths below /partners are for clients of the partners' CA alone. */
function put(host: string, input: Partial<HostDocument> & { anchors?: string[] }, port = echo.port) {
  const rules = [{ ...PROTECTED, clientCertificate: { trustBundle: 'partners' } }, OPEN];
  return fixture.putHost(host, port, { rules, ...input });
}

async function textOf(host: string, target: string, certificate?: CertificateFiles): Promise<string> {
  const head = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
  const options = certificate === undefined ? {} : { certificate };
  return (await sendRaw(fixture.edge, host, head, options).catch(() => ({ text: 'no connection' }))).text;
}

/** Status and reason, or "no connection". */
async function outcomeOf(host: string, target: string, certificate?: CertificateFiles): Promise<string> {
  const text = await textOf(host, target, certificate);
  const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
  const reason = /"reason":"([a-z_]+)"/.exec(text)?.[1];
  return [status ?? 'no connection', ...(reason === undefined ? [] : [reason])].join(' ');
}

test.each([
  [MIXED, '/', ['no connection', '200', '403 ca_not_allowed', 'no connection']],
  [MIXED, '/partners/x', ['no connection', '403 ca_not_allowed', '200', 'no connection']],
  [REQUEST, '/', ['200', '200', '200', '200']],
  [
    REQUEST,
    '/partners/x',
    ['403 certificate_missing', '403 certificate_untrusted', '200', '403 certificate_untrusted'],
  ],
])('%s %s admits the clients of its CA alone: none, own, partners, a stranger', async (host, target, due) => {
  const shown = [undefined, clients.own, clients.partners, clients.other];
  expect(await Promise.all(shown.map((certificate) => outcomeOf(host, target, certificate)))).toEqual(due);
});

test('an upstream learns who a client is from a rule that demands its CA, and from no other', async () => {
  const identityAt = async (host: string, target: string, certificate: CertificateFiles) => {
    const text = await textOf(host, target, certificate);
    const seen = JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '{}') as Seen;
    return seen.headers.some(([name]) => name.toLowerCase() === 'client-cert');
  };
  expect(await identityAt(REQUEST, '/partners', clients.partners)).toBe(true);
  expect(await identityAt(REQUEST, '/', clients.partners)).toBe(false);
  expect(await identityAt(REQUEST, '/', clients.other)).toBe(false);
  expect(await identityAt(MIXED, '/partners', clients.partners)).toBe(true);
  expect(await identityAt(MIXED, '/', clients.own)).toBe(true);
});

test('a refusal stands in the ledger with rule, reason and certificate; a client under the CA that admitted it', async () => {
  // What other tests left is told before.
  await fixture.edge.worker.flushLedger();
  fixture.edge.ledger.length = 0;
  await textOf(REQUEST, '/', clients.other);
  await textOf(REQUEST, '/');
  const text = await textOf(REQUEST, '/partners', clients.other);
  // One who was not seen within the minute.
  await textOf(REQUEST, '/partners', openssl.signed(authorities.partners, 'late.acme.org'));
  await fixture.edge.worker.flushLedger();
  const refusals = fixture.edge.ledger.flatMap((news) => news.refusals);
  expect(refusals).toMatchObject([
    { host: REQUEST, rule: 'orders', reason: 'certificate_untrusted', subject: 'CN=other.acme.org' },
  ]);
  expect(text).toContain(refusals[0]?.id);
  const sightings = fixture.edge.ledger.flatMap((news) => news.sightings);
  expect(sightings).toEqual(sightings.filter(({ bundle }) => bundle === 'partners'));
  expect(sightings).toMatchObject([{ subject: 'CN=late.acme.org', verdict: 'admit' }]);
});

test.each([
  '/partners',
  '/partnership',
  '//partners',
  '/%70artners',
  '/%2570artners',
  '/x/../partners',
  '/x/%2e%2e/partners',
  '/./partners',
  '/%2fpartners',
  '/\\partners',
  '/;a/partners',
  '/partners#x',
  '/partners%00',
  `https://${REQUEST}/partners`,
  `https://${REQUEST.toUpperCase()}:443//partners`,
])('no spelling of a demanding path is served through the open rule: %s', async (target) => {
  expect(await textOf(REQUEST, target)).toMatch(/^HTTP\/1\.1 (400|403) /);
  expect(await textOf(MIXED, target, clients.own)).toMatch(/^HTTP\/1\.1 (400|403) /);
});

test('one HTTP/2 connection meets each rule by itself, with the certificate it showed', async () => {
  const statusesOf = async (certificate?: CertificateFiles) => {
    const session = openHttp2(fixture.edge, REQUEST, certificate === undefined ? {} : { certificate });
    const answers = ['/', '/partners', '/x', '/partners/y'].map((path) => ask(session, get(REQUEST, path)));
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(session.closed).toBe(false);
    session.destroy();
    return statuses;
  };
  expect(await statusesOf()).toEqual([200, 403, 200, 403]);
  expect(await statusesOf(clients.other)).toEqual([200, 403, 200, 403]);
  expect(await statusesOf(clients.partners)).toEqual([200, 200, 200, 200]);
});

const LIVE = 'live.example.org';

test.each([
  [
    'the certificate is revoked',
    (host: string) => {
      const { document } = fixture.edge.worker.hosts.get(host as Hostname) ?? {};
      const client = { by: 'subject', subject: 'partner.acme.org' };
      const entry = { id: 'r', client, reason: 'unspecified', route: null, ca: null };
      fixture.edge.put('revocation', document?.project ?? '', { entries: [entry] });
    },
  ],
  ['its CA leaves the bundle', () => fixture.edge.putBundle('partners', [authorities.other.cert])],
  [
    'the rule demands another CA',
    async (host: string) => {
      fixture.edge.putBundle('others', [authorities.other.cert]);
      const rules = [{ ...PROTECTED, clientCertificate: { trustBundle: 'others' } }, OPEN];
      await put(host, { rules, clientCertificate: ASKS }, websockets.port);
    },
  ],
  [
    'the rule is gone',
    (host: string) => put(host, { rules: [OPEN], clientCertificate: null }, websockets.port),
  ],
])('what a demanding rule let through ends when %s', async (_, change) => {
  fixture.edge.put('revocation', 'default', { entries: [] });
  fixture.edge.putBundle('partners', [authorities.partners.cert]);
  await put(LIVE, { clientCertificate: ASKS }, websockets.port);
  expect((await openWebsocket(fixture.edge, LIVE, '/partners')).status).toBe('403');
  const demanding = await openWebsocket(fixture.edge, LIVE, '/partners', clients.partners);
  expect(demanding.status).toBe('101');
  const free = await openWebsocket(fixture.edge, LIVE, '/x');
  expect(free.status).toBe('101');
  const began = performance.now();
  await change(LIVE);
  await demanding.closed;
  expect(performance.now() - began).toBeLessThan(50_000);
  free.socket.destroy();
  fixture.edge.put('revocation', 'default', { entries: [] });
  fixture.edge.putBundle('partners', [authorities.partners.cert]);
});

test('what an open rule let through stays while others are refused, and ends when it would need a certificate', async () => {
  await put(LIVE, { clientCertificate: ASKS }, websockets.port);
  const nobody = await openWebsocket(fixture.edge, LIVE, '/x');
  const partner = await openWebsocket(fixture.edge, LIVE, '/x', clients.partners);
  const entry = { id: 'r', reason: 'unspecified', route: null, ca: null };
  const client = { by: 'subject', subject: 'partner.acme.org' };
  fixture.edge.put('revocation', 'default', { entries: [{ ...entry, client }] });
  expect(await outcomeOf(LIVE, '/partners', clients.partners)).toBe('403 certificate_revoked');
  fixture.edge.put('revocation', 'default', { entries: [] });
  expect([nobody.socket.destroyed, partner.socket.destroyed]).toEqual([false, false]);
  // A new rule for a part of the same paths may be for just these.
  const added = { ...PROTECTED, prefix: '/x', clientCertificate: { trustBundle: 'partners' } };
  await put(LIVE, { rules: [added, OPEN], clientCertificate: ASKS }, websockets.port);
  await nobody.closed;
  expect(partner.socket.destroyed).toBe(false);
  partner.socket.destroy();
});

test('what a rule let through that is gone meets the rule that its paths fall to, and ends where that demands more', async () => {
  const below = { ...OPEN, prefix: '/partners/open' };
  const demanding = { ...PROTECTED, clientCertificate: { trustBundle: 'partners' } };
  await put(LIVE, { rules: [below, demanding, OPEN], clientCertificate: ASKS }, websockets.port);
  const nobody = await openWebsocket(fixture.edge, LIVE, '/partners/open');
  const partner = await openWebsocket(fixture.edge, LIVE, '/partners/open', clients.partners);
  expect([nobody.status, partner.status]).toEqual(['101', '101']);
  await put(LIVE, { rules: [demanding, OPEN], clientCertificate: ASKS }, websockets.port);
  await nobody.closed;
  expect(partner.socket.destroyed).toBe(false);
  partner.socket.destroy();
});

test('a connection that was not asked, or whose certificate other anchors now may vouch for, is asked anew', async () => {
  await put(LIVE, { rules: [OPEN], clientCertificate: null }, websockets.port);
  const unasked = await openWebsocket(fixture.edge, LIVE, '/x');
  await put(LIVE, { clientCertificate: ASKS }, websockets.port);
  await unasked.closed;
  const stranger = await openWebsocket(fixture.edge, LIVE, '/x', clients.other);
  fixture.edge.putBundle('partners', [authorities.partners.cert, authorities.other.cert]);
  await stranger.closed;
  fixture.edge.putBundle('partners', [authorities.partners.cert]);
});

test('of a client of several CAs each rule finds its way on every connection, whatever was found first', async () => {
  const [own, partners] = [authorities.own, authorities.partners];
  const ofCa = ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign'];
  const bridge = openssl.signed(own, 'bridge', ofCa);
  const crossed = openssl.signed(partners, 'bridge', ofCa, 30, bridge.key);
  const client = openssl.signed(bridge, 'both.acme.org');
  const chain = { cert: `${client.cert}.chain`, key: client.key };
  writeFileSync(chain.cert, [client, bridge, crossed].map(({ cert }) => pemOf(cert)).join(''));
  for (const _ of ['first', 'remembered']) {
    expect(await outcomeOf(MIXED, '/', chain)).toBe('200');
    expect(await outcomeOf(MIXED, '/partners', chain)).toBe('200');
  }
});

test.each(['-tls1_2', '-tls1_3'])(
  'sessions of a host that only requests resume for admitted clients alone, while its CAs are the same: %s',
  async (version) => {
    const host = 'sessions.example.org';
    const rules = [{ ...PROTECTED, prefix: '/', clientCertificate: { trustBundle: 'partners' } }];
    await put(host, { rules, clientCertificate: ASKS });
    const file = join(fixture.edge.directory, `session${version}`);
    const shown = ({ cert, key }: CertificateFiles) => ['-cert', cert, '-key', key];
    const keep = (args: string[]) => sClient(fixture.edge, host, [version, '-sess_out', file, ...args]);
    const resume = () => sClient(fixture.edge, host, [version, '-sess_in', file]);
    expect(await keep(shown(clients.partners))).toContain('HTTP/1.1 200');
    const resumed = await resume();
    expect(resumed).toMatch(/\nReused, /);
    expect(resumed).toContain('HTTP/1.1 200');
    fixture.edge.putBundle('others', [authorities.other.cert]);
    await put(host, {
      rules: [{ ...PROTECTED, prefix: '/', clientCertificate: { trustBundle: 'others' } }],
      clientCertificate: ASKS,
    });
    const ended = await resume();
    expect(ended).toMatch(/\nNew, /);
    expect(ended).toContain('certificate_missing');
    for (const args of [[], shown(clients.partners)]) {
      expect(await keep(args)).toContain('HTTP/1.1 403');
      expect(await resume()).toMatch(/\nNew, /);
    }
  },
);

test.each<[string, Partial<HostDocument>]>([
  ['demands in rules of an open host', { clientCertificate: null }],
  ['a request that no rule needs', { clientCertificate: ASKS, rules: [OPEN] }],
  [
    'names without a CA that could vouch for them',
    {
      clientCertificate: ASKS,
      rules: [{ ...PROTECTED, clientCertificate: { subjectMatches: [{ exact: 'a' }] } }],
    },
  ],
  ['a CA of the host beside a mere request', { clientCertificate: { ...ASKS, trustBundle: 'partners' } }],
  ['a demand without a CA', { clientCertificate: { ...ASKS, mode: 'require' } }],
])('a document that contradicts itself is not served: %s', async (_, input) => {
  await put('wrong.example.org', input);
  expect(fixture.edge.worker.hosts.lookUp('wrong.example.org' as Hostname)).toMatchObject({
    state: 'closed',
    reason: 'unusable_document',
  });
});
