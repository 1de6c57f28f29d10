import { X509Certificate } from 'node:crypto';
import { evaluateRequest, predictHandshake, readAnchors } from '@postern/admission';
import type { Hostname } from '@postern/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import { startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { sendRaw } from './testing/raw-client.ts';

/** What `evaluateRequest` says, which `route test` prints, is what this edge answers. */
let fixture: HttpFixture;
let echo: TestServer;
const clients = new Map<string, CertificateFiles>();

beforeAll(async () => {
  fixture = await startHttpFixture();
  echo = await startEcho();
  const openssl = new OpensslCertificates(fixture.edge.directory);
  const [ca, other] = [openssl.selfSigned('A'), openssl.selfSigned('B')];
  clients.set('trusted', openssl.signed(ca, 'client.acme.org'));
  clients.set('stranger', openssl.signed(other, 'client.acme.org'));
  const partners = openssl.selfSigned('partners');
  clients.set('partner', openssl.signed(partners, 'client.acme.org'));
  fixture.edge.putBundle('partners', [partners.cert]);
  const rules = [
    { name: null, prefix: '/a', service: 'echo', enableWebsockets: false },
    { name: null, prefix: '/a/deep', service: 'echo', enableWebsockets: false },
  ];
  await fixture.putHost('open.example.org', echo.port, { rules });
  await fixture.putHost('*.wild.example.org', echo.port, { rules });
  await fixture.putHost('basic.example.org', echo.port, {
    rules,
    httpBasic: { realm: 'r', passwordHashes: { ann: `sha256:${Buffer.alloc(32).toString('base64')}` } },
  });
  await fixture.putHost('any.example.org', echo.port, { rules, anchors: [ca.cert] });
  await fixture.putHost('observed.example.org', echo.port, {
    rules,
    anchors: [ca.cert],
    clientCertificate: {
      mode: 'require',
      trustBundle: 'bundle-observed.example.org',
      subjectMatches: [{ exact: 'x' }],
      observe: true,
    },
  });
  await fixture.putHost('page.example.org', echo.port, { rules, anchors: [ca.cert], tellUntrusted: true });
  await fixture.putHost('rules.example.org', echo.port, {
    rules: rules.map((rule) =>
      rule.prefix === '/a/deep' ? { ...rule, clientCertificate: { subjectMatches: [{ exact: 'x' }] } } : rule,
    ),
    anchors: [ca.cert],
  });
  const partnerRules = rules.map((rule) =>
    rule.prefix === '/a/deep' ? { ...rule, clientCertificate: { trustBundle: 'partners' } } : rule,
  );
  await fixture.putHost('mixed.example.org', echo.port, { rules: partnerRules, anchors: [ca.cert] });
  await fixture.putHost('request.example.org', echo.port, {
    rules: partnerRules,
    clientCertificate: { mode: 'request', trustBundle: null, subjectMatches: null },
  });
  await fixture.putHost('named.example.org', echo.port, {
    rules,
    anchors: [ca.cert],
    subjectMatches: [{ exact: 'x' }],
  });
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
});

/** 0 where no HTTP is spoken. */
async function servedStatus(sni: string, host: string, method: string, target: string, client: string) {
  const certificate = clients.get(client);
  const fields = `Host: ${host}\r\nConnection: close\r\n\r\n`;
  const options = certificate === undefined ? {} : { certificate };
  const sent = sendRaw(fixture.edge, sni, `${method} ${target} HTTP/1.1\r\n${fields}`, options);
  const { text } = await sent.catch(() => ({ text: '' }));
  return Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
}

function evaluatedStatus(sni: string, host: string, method: string, target: string, client: string): number {
  const served = fixture.edge.worker.hosts.get(sni as Hostname);
  if (served === undefined) throw new Error(`${sni} is not served`);
  const { document } = served;
  const bundles = new Map([...served.bundles].map(([name, bundle]) => [name, { name, ...bundle }]));
  const pems = [...served.bundles.values()].flatMap(({ anchorsPem }) => anchorsPem);
  const anchors = readAnchors(pems.map((pem) => new X509Certificate(pem).raw));
  const certificate = clients.get(client);
  const chain = certificate === undefined ? [] : [new X509Certificate(pemOf(certificate.cert)).raw];
  const now = Date.now();
  const shown = predictHandshake(chain, anchors, now);
  const request = { serverName: sni, authority: host, method, target, websocket: false, client: shown };
  const { answer } = evaluateRequest(document, request, { bundles, revocations: null, lists: [], now });
  if (answer.kind === 'service') return answer.needs.length > 0 ? 401 : 200;
  return answer.kind === 'problem' || answer.kind === 'edge' ? answer.status : 0;
}

const targets = [
  '/a',
  '/a/deep/x',
  '/b',
  '/a/../b',
  '/%61',
  '//a',
  '/a%2fdeep',
  '/a;x/deep',
  '/a?x=/../y',
  '*',
];
test.each([
  'open.example.org',
  'x.wild.example.org',
  'basic.example.org',
  'any.example.org',
  'named.example.org',
  'observed.example.org',
  'page.example.org',
  'rules.example.org',
  'mixed.example.org',
  'request.example.org',
])('%s answers every request as evaluated', async (sni) => {
  const asked = [
    ...targets.map((target) => ['GET', target, sni, 'trusted'] as const),
    ...['TRACE', 'OPTIONS', 'PUT'].map((method) => [method, '/a', sni, 'trusted'] as const),
    ['OPTIONS', '*', sni, 'trusted'] as const,
    ...['y.wild.example.org', 'open.example.org', '127.0.0.1'].map(
      (host) => ['GET', '/a', host, 'trusted'] as const,
    ),
    ...['none', 'stranger', 'partner'].flatMap((client) =>
      ['/a', '/a/deep'].map((target) => ['GET', target, sni, client] as const),
    ),
    ...(sni === 'mixed.example.org' || sni === 'request.example.org' ? ['none', 'partner'] : []).flatMap(
      (client) => targets.map((target) => ['GET', target, sni, client] as const),
    ),
    ...['none', 'partner'].map((client) => ['OPTIONS', '*', sni, client] as const),
  ];
  for (const [method, target, host, client] of asked) {
    const said = evaluatedStatus(sni, host, method, target, client);
    expect([method, target, host, client, await servedStatus(sni, host, method, target, client)]).toEqual([
      method,
      target,
      host,
      client,
      said,
    ]);
  }
});
