import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CHANGE_BODIES, CHANGE_KINDS, type ChangeKind, change as changeSchema, cursor } from './change.ts';
import { readDocument } from './document-shapes.ts';
import { reportAnswer } from './report.ts';
import { readWire } from './wire-shapes.ts';

const at = '2026-01-31T23:59:59.123Z';
const target = { protocol: 'https', host: 'a.example.org', port: 443, weight: 3 };
const counts = { intervalMs: 1000, timeoutMs: 500, healthyAfter: 1, unhealthyAfter: 2 };
const times = { connectMs: 1, responseHeadMs: 2, idleBodyMs: 3, maxBodyBytes: 4 };
const plainUpstream = { targets: [target], trustBundle: null, clientCertificate: 'c', hostHeader: 'client' };
const upstream = (way: object) => ({ ...plainUpstream, ...times, healthCheck: { way, ...counts } });
const rule = { name: null, prefix: '/', service: 'a', enableWebsockets: true };
const matchers = [{ exact: 'a' }, { hasPrefix: 'b', observe: true }, { hasSuffix: 'c' }, { regex: 'd.*' }];

/** Documents that use every part of every form. */
const SAMPLES: Readonly<Record<ChangeKind, readonly object[]>> = {
  host: [
    {
      host: 'a.example.org',
      project: 'default',
      route: 'a',
      closed: { reason: 'r', message: 'm' },
      certificate: 'id',
      clientCertificate: {
        ...{ mode: 'require', trustBundle: 'b', nextTrustBundle: 'n', subjectMatches: matchers },
        ...{ observe: true, onUntrusted: 'page', revocations: true, crls: ['l'] },
      },
      clientIdentity: { headers: 'xfcc', jwt: { audience: 'x', ttlSeconds: 60 } },
      httpBasic: { realm: 'r', passwordHashes: { anna: `sha256:${'A'.repeat(43)}=` } },
      cors: { allowOrigins: ['https://shop.example.org', '*'], allowMethods: ['GET'] },
      rules: [rule, { ...rule, clientCertificate: { trustBundle: 'b', subjectMatches: matchers } }],
      services: {
        a: upstream({ kind: 'http', path: '/', statuses: [200], host: null }),
        b: upstream({ kind: 'grpc', service: '' }),
        c: upstream({ kind: 'tcp' }),
      },
    },
    {
      ...{ host: 'b', project: 'p', route: 'r', closed: null, certificate: null, clientCertificate: null },
      ...{ httpBasic: null, cors: null, rules: [], services: {} },
    },
  ],
  'trust-bundle': [{ contentHash: 'h', anchorsPem: ['p'] }],
  certificate: [
    { chainPem: 'c', sealedKey: 's', names: ['n'], notBefore: at, notAfter: at, fingerprint: 'f' },
  ],
  challenge: [
    { type: 'http-01', host: 'a.example.org', keyAuthorization: 'a.b', expiresAt: 1, token: 't' },
    { type: 'tls-alpn-01', host: '*.example.org', keyAuthorization: 'a.b', expiresAt: 1 },
  ],
  crl: [{ policy: 'hard', list: 'AAAA', signerKey: 'AA==' }],
  'identity-keys': [
    { keys: [{ id: 'i', x: 'x', y: 'y', sealedKey: 's', createdAt: at, signsFrom: at, expiresAt: at }] },
  ],
  revocation: [
    {
      entries: [
        { by: 'fingerprint', fingerprint: 'f' },
        { by: 'serial', serialNumber: '1', issuerKey: 'k' },
        { by: 'subject', subject: 's' },
      ].map((client) => ({ id: 'i', client, reason: 'keyCompromise', route: null, ca: 'c' })),
    },
  ],
  'ticket-keys': [{ keys: [{ id: 'i', sealedKey: 's', createdAt: at, expiresAt: at }] }],
};

/** Values that stand at the edges of what the schemas accept. */
const ODD: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1,
    1.5,
    2 ** 53,
    65_536,
    1001,
    '',
    ' ',
    'a',
    'A.Example.org',
    '/',
    '*',
    [],
    {},
  ],
  ...[[null], ['a'], [{}], { a: 1 }, { kind: 'tcp' }, { by: 'subject', subject: '' }, 'a'.repeat(1025)],
  ...['https://a/', 'http://a:80', 'GET ', 'a\u0000', 'a:b', 'é', 'AAA', 'AAA=', 'AA==', 'A===', 'a.b.c'],
  ...['2026-02-30T00:00:00Z', '2024-02-29T00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T00:00:00+01:00'],
  ...['2026-01-01', '2026-01-01T00:00:00.123456Z', '2026-01-01T00:00:60Z', '0000-01-01T00:00:00Z', 'require'],
];

type Json = Record<string, unknown>;

/** Every object and list of a document. */
function partsOf(value: unknown): Json[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value as Json, ...Object.values(value).flatMap(partsOf)];
}

test('every form is read without schemas', () => {
  for (const kind of CHANGE_KINDS)
    for (const sample of SAMPLES[kind])
      expect(readDocument(kind, sample)).toEqual({ ok: true, body: sample });
});

test('what is wrong is told by its place', () => {
  expect(readDocument('trust-bundle', { contentHash: 'h', anchorsPem: ['a', 1] })).toEqual({
    ok: false,
    at: '/anchorsPem/1',
  });
  expect(readDocument('crl', null)).toEqual({ ok: false, at: '' });
});

const CHANGE = fc.record({
  part: fc.nat(),
  key: fc.nat(),
  act: fc.constantFrom('set', 'set', 'set', 'remove', 'add'),
  value: fc.constantFrom(...ODD),
});
const CHANGES = fc.array(CHANGE, { minLength: 1, maxLength: 2 });

/** A copy of a document with some of its parts set, removed or added. */
function changed(
  sample: unknown,
  changes: typeof CHANGES extends fc.Arbitrary<infer T> ? T : never,
): unknown {
  const document = structuredClone(sample);
  for (const { part, key, act, value } of changes) {
    const parts = partsOf(document);
    const chosen = parts[part % parts.length] ?? {};
    const keys = Object.keys(chosen);
    const name = keys[key % Math.max(keys.length, 1)] ?? 'a';
    if (act === 'set') chosen[name] = structuredClone(value);
    else if (act === 'add') chosen[Array.isArray(chosen) ? keys.length : 'added'] = structuredClone(value);
    else if (Array.isArray(chosen)) chosen.pop();
    else delete chosen[name];
  }
  return document;
}

test('changed documents are accepted exactly where the schemas accept them', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CHANGE_KINDS), fc.nat(), CHANGES, (kind, which, changes) => {
      const samples = SAMPLES[kind];
      const document = changed(samples[which % samples.length], changes);
      const parsed = CHANGE_BODIES[kind].safeParse(document);
      // The schema would bring a challenge's host to its stored form.
      const isSame = parsed.success && JSON.stringify(parsed.data) === JSON.stringify(document);
      const isAccepted = kind === 'challenge' ? isSame : parsed.success;
      expect(readDocument(kind, document).ok, JSON.stringify(document)).toBe(isAccepted);
    }),
    { numRuns: 4000 },
  );
});

test('what comes of the API is accepted exactly where the schemas accept it', () => {
  const entry = { epoch: 'e', revision: 1, kind: 'host', id: 'i', formatVersion: 1, body: { a: null } };
  const forms = [
    ['cursor', cursor, { epoch: 'e', revision: 0 }],
    ['change', changeSchema, entry],
    ['change', changeSchema, { ...entry, body: null }],
    ['reportAnswer', reportAnswer, { targetsUpTo: 0, sightingsWanted: 1 }],
  ] as const;
  fc.assert(
    fc.property(fc.constantFrom(...forms), CHANGES, ([form, schema, sample], changes) => {
      expect(readWire(form, sample)).toEqual(sample);
      const value = changed(sample, changes);
      expect(readWire(form, value) !== undefined, JSON.stringify(value)).toBe(
        schema.safeParse(value).success,
      );
    }),
    { numRuns: 1000 },
  );
});
