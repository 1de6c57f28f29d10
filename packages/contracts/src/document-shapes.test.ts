import { isDeepStrictEqual } from 'node:util';
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
  ...[
    1e21,
    -(2 ** 53),
    0.1,
    '\n',
    'a\n',
    '\ud800',
    '*.a',
    'a.',
    '1.2.3.4',
    '[::1]',
    'xn--a',
    'ß.de',
    'toString',
  ],
  ...[
    'https',
    'target',
    'grpc',
    'http-01',
    'tls-alpn-01',
    'serial',
    'soft',
    'page',
    'https://[::1]',
    'https://ä.de',
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
  act: fc.constantFrom('set', 'set', 'edit', 'edit', 'remove', 'add'),
  value: fc.constantFrom(...ODD),
  /** Where a text is edited. */
  at: fc.nat({ max: 100 }),
  character: fc.constantFrom('', ...'aZ09+-./:=*_ \n\u0000\u007f\u0080éß,;~!\ud800T|%'),
  added: fc.constantFrom('added', '__proto__', '__proto__', 'constructor', '', '0', 'token', 'healthCheck'),
});
const CHANGES = fc.array(CHANGE, { minLength: 1, maxLength: 2 });

/** A copy of a document with some of its parts set, edited, removed or added, as it comes over the wire. */
function changed(
  sample: unknown,
  changes: typeof CHANGES extends fc.Arbitrary<infer T> ? T : never,
): unknown {
  const document = structuredClone(sample);
  for (const { part, key, act, value, at, character, added } of changes) {
    const parts = partsOf(document);
    const chosen = parts[part % parts.length] ?? {};
    const keys = Object.keys(chosen);
    const name = keys[key % Math.max(keys.length, 1)] ?? 'a';
    const present = chosen[name];
    if (act === 'remove') {
      if (Array.isArray(chosen)) chosen.pop();
      else delete chosen[name];
    } else if (act === 'add') {
      // What is there already is right in its place.
      put(chosen, Array.isArray(chosen) ? String(keys.length) : added, at % 2 === 0 ? value : present);
    } else if (act === 'edit' && typeof present === 'string') {
      const place = at % (present.length + 1);
      put(chosen, name, present.slice(0, place) + character + present.slice(place + (key % 2)));
    } else put(chosen, name, value);
  }
  return JSON.parse(JSON.stringify(document));
}

/** As JSON.parse does it: `__proto__` is a key like any other. */
function put(part: Json, name: string, value: unknown): void {
  const copy = structuredClone(value) ?? null;
  Object.defineProperty(part, name, { value: copy, configurable: true, enumerable: true, writable: true });
}

test('the key __proto__, which a schema would leave out of a record, is refused', () => {
  for (const place of ['/services', '/httpBasic/passwordHashes']) {
    const host = structuredClone(SAMPLES.host[0]) as { services: Json; httpBasic: { passwordHashes: Json } };
    const record = place === '/services' ? host.services : host.httpBasic.passwordHashes;
    put(record, '__proto__', Object.values(record)[0]);
    expect(readDocument('host', host)).toEqual({ ok: false, at: `${place}/__proto__` });
  }
});

test('changed documents are accepted exactly where the schemas accept them and leave them as they are', () => {
  fc.assert(
    fc.property(fc.constantFrom(...CHANGE_KINDS), fc.nat(), CHANGES, (kind, which, changes) => {
      const samples = SAMPLES[kind];
      const document = changed(samples[which % samples.length], changes);
      const parsed = CHANGE_BODIES[kind].safeParse(document);
      // A schema would bring a challenge's host to its stored form, and leave a key __proto__ out.
      const isAccepted = parsed.success && isDeepStrictEqual(parsed.data, document);
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
