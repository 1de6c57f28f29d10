import { X509Certificate } from 'node:crypto';
import type { HostDocument, SubjectMatcher } from '@postern/contracts';
import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { beforeAll, expect, test } from 'vitest';
import type { ClientBundle } from './client-path.ts';
import { type EvaluatedRequest, evaluateRequest } from './evaluate-request.ts';
import { readAnchors } from './path/path-node.ts';

const now = Date.now();
const derOf = (pem: string): Buffer => new X509Certificate(pem).raw;
let bundle: ClientBundle;
let chain: Buffer[];
let foreign: Buffer[];

beforeAll(async () => {
  const [ca, other] = await Promise.all(
    ['ca', 'other'].map((name) => createDevAuthority({ name, days: 30, now })),
  );
  if (ca === undefined || other === undefined) throw new Error('no CA');
  const client = { role: 'client', name: 'client.acme.org', alternativeNames: [], days: 1, now } as const;
  bundle = { name: 'b', contentHash: 'b', anchors: readAnchors([derOf(ca.certPem)]) };
  chain = [derOf((await issueDevCertificate({ ...client, issuer: ca })).certPem)];
  foreign = [derOf((await issueDevCertificate({ ...client, issuer: other })).certPem)];
});

function documentOf(change: Partial<HostDocument> = {}): HostDocument {
  return {
    host: 'shop.acme.org',
    project: 'default',
    route: 'shop',
    closed: null,
    certificate: 'c',
    clientCertificate: null,
    httpBasic: null,
    cors: null,
    rules: [
      { name: null, prefix: '/admin', service: 'admin', enableWebsockets: false },
      { name: null, prefix: '/a', service: 'a', enableWebsockets: true },
    ],
    services: {},
    ...change,
  };
}

const requiring = (subjectMatches: SubjectMatcher[] | null) =>
  documentOf({ clientCertificate: { mode: 'require', trustBundle: 'b', subjectMatches } });

const shown = (...certificates: Buffer[]) => ({ chain: certificates, openssl: { good: true } as const });

function ask(document: HostDocument, change: Partial<EvaluatedRequest> = {}, at = now) {
  const name = 'shop.acme.org';
  const request = {
    serverName: name,
    authority: name,
    method: 'GET',
    target: '/a',
    websocket: false,
    client: shown(),
  };
  const sources = { bundles: new Map([['b', bundle]]), revocations: null, lists: [] };
  return evaluateRequest(document, { ...request, ...change }, { ...sources, now: at });
}

test('an admitted client is told the rule, the path and the matcher that decided', () => {
  expect(
    ask(requiring([{ hasSuffix: '.acme.org' }]), { client: shown(...chain), target: '/admin/x' }),
  ).toMatchObject({
    answer: { kind: 'service', rule: { service: 'admin' }, needs: [] },
    client: { verdict: 'admit', matchedBy: { name: 'client.acme.org' } },
  });
  expect(ask(requiring(null), { client: shown(...chain) })).toMatchObject({
    answer: { kind: 'service', rule: { service: 'a' } },
  });
});

test('a client that a route does not trust is refused in the handshake, whatever it asks for', () => {
  expect(ask(requiring(null))).toMatchObject({
    answer: { kind: 'handshake', reason: 'certificate_missing' },
    client: { remedy: 'show a client certificate issued below CN=ca' },
  });
  expect(ask(requiring(null), { client: shown(...foreign), target: '/../x' })).toMatchObject({
    answer: { kind: 'handshake', reason: 'certificate_untrusted' },
  });
  expect(ask(requiring(null), { client: shown(...chain) }, now + 5 * 86_400_000)).toMatchObject({
    answer: { kind: 'handshake', reason: 'certificate_expired' },
  });
  expect(
    evaluateRequest(
      requiring(null),
      {
        serverName: 'a',
        authority: 'a',
        method: 'GET',
        target: '/',
        websocket: false,
        client: shown(...chain),
      },
      { bundles: new Map(), revocations: null, lists: [], now },
    ),
  ).toMatchObject({ answer: { kind: 'handshake' } });
});

test('a trusted client whom no matcher names is answered 403 with what was compared', () => {
  expect(ask(requiring([{ exact: 'other.org' }]), { client: shown(...chain) })).toMatchObject({
    answer: {
      kind: 'problem',
      code: 'client_certificate_refused',
      status: 403,
      detail: expect.stringContaining('client.acme.org'),
    },
    rule: { service: 'a' },
  });
});

test.each<[string, Partial<EvaluatedRequest>, Partial<HostDocument>, object]>([
  ['no rule', { target: '/x' }, {}, { code: 'no_rule', status: 404 }],
  ['a target of two readings', { target: '/%61dmin' }, {}, { code: 'bad_request_target', status: 400 }],
  ['another Host', { authority: 'x.acme.org' }, {}, { code: 'misdirected_request', status: 421 }],
  ['a Host that is no name', { authority: '1.2.3.4' }, {}, { code: 'bad_request' }],
  [
    'a WebSocket where none is allowed',
    { target: '/admin', websocket: true },
    {},
    { code: 'websockets_not_enabled', status: 403 },
  ],
  ['a WebSocket', { websocket: true }, {}, { kind: 'service' }],
  [
    'another Host below the same wildcard',
    { authority: 'x.acme.org' },
    { host: '*.acme.org' },
    { kind: 'service' },
  ],
  [
    'another Host outside of the wildcard',
    { authority: 'x.other.org' },
    { host: '*.acme.org' },
    { code: 'misdirected_request' },
  ],
  ['TRACE', { method: 'TRACE' }, {}, { code: 'unsupported_method', status: 501 }],
  ['OPTIONS *', { method: 'OPTIONS', target: '*' }, {}, { kind: 'edge', status: 204 }],
  [
    'a closed host',
    {},
    { closed: { reason: 'reference_missing', message: 'm' }, rules: [] },
    { kind: 'closed', reason: 'reference_missing' },
  ],
  [
    'a host without a certificate',
    {},
    { certificate: null },
    { kind: 'closed', reason: 'certificate_pending' },
  ],
  [
    'basic authentication',
    {},
    { httpBasic: { realm: 'r', passwordHashes: {} } },
    { kind: 'service', needs: ['basic_credentials'] },
  ],
  [
    'basic authentication and no rule',
    { target: '/x' },
    { httpBasic: { realm: 'r', passwordHashes: {} } },
    { code: 'basic_credentials_required' },
  ],
])('%s', (_, request, document, answer) => {
  expect(ask(documentOf(document), request).answer).toMatchObject(answer);
});
