import { compileMatchers } from '@postern/admission';
import {
  DOCUMENT_FORMAT_OBSERVE,
  DOCUMENT_FORMAT_OBSERVED_MATCHERS,
  DOCUMENT_FORMAT_ROTATION,
  DOCUMENT_FORMAT_RULE_CAS,
  DOCUMENT_FORMAT_RULE_DEMANDS,
  documentFormatOf,
  type HostRows,
  hostDocument,
  LIMITS,
  routeDescriptor,
  type SecretRow,
  serviceSpec,
} from '@postern/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkDescriptor } from './check-descriptor.ts';
import { checkRoute } from './check-route.ts';
import { compileHost } from './compile-host.ts';

const CA: SecretRow = { id: 'sec-ca', type: 'tls-ca' };
const TLS: SecretRow = { id: 'sec-tls', type: 'tls' };

function rowsOf(spec: unknown, change: Partial<HostRows> = {}): HostRows {
  return {
    project: 'default',
    route: { name: 'r', spec: routeDescriptor.parse(spec) },
    services: new Map([['echo', serviceSpec.parse({ targets: ['http://127.0.0.1:3000'] })]]),
    secrets: new Map([['my-ca', CA]]),
    issuedCertificate: 'cert-1',
    ...change,
  };
}

const protectedRoute = {
  host: 'a.localhost',
  tls: { clientValidationCa: { name: 'my-ca' } },
  routes: [{ prefix: '/', route: { service: 'echo' } }],
};

test.each<[string, Partial<HostRows>, object, string]>([
  ['a name that is not verified', { isHostVerified: false }, {}, 'hostname_not_verified'],
  ['a client CA that is gone', { secrets: new Map() }, {}, 'reference_missing'],
  ['a client CA of another type', { secrets: new Map([['my-ca', TLS]]) }, {}, 'reference_type'],
  ['a missing service', { services: new Map() }, {}, 'reference_missing'],
  [
    'a server certificate of another type',
    {},
    { tls: { clientValidationCa: { name: 'my-ca' }, serverCertificate: { name: 'my-ca' } } },
    'reference_type',
  ],
  [
    'a matcher that does not compile',
    {},
    { validation: { clientCertificate: { subjectMatches: [{ regex: '(' }] } } },
    'regex',
  ],
  [
    "a service's CA that is gone",
    {
      services: new Map([
        ['echo', serviceSpec.parse({ targets: ['https://b.test'], tls: { ca: { name: 'gone' } } })],
      ]),
    },
    {},
    'reference_missing',
  ],
  [
    'a target without a port',
    { services: new Map([['echo', { targets: ['http://a:0'] }]]) },
    {},
    'service_unusable',
  ],
  [
    'one such target beside a good one',
    { services: new Map([['echo', { targets: ['http://a:80', 'http://a:0'] }]]) },
    {},
    'service_unusable',
  ],
  ['a target that is no URL', { services: new Map([['echo', { targets: ['x'] }]]) }, {}, 'service_unusable'],
])('%s closes the host: nothing behind it is reachable', (_, change, spec, reason) => {
  const document = compileHost(rowsOf({ ...protectedRoute, ...spec }, change));
  expect(document.closed?.reason).toBe(reason);
  expect(document).toMatchObject({ rules: [], services: {}, certificate: null });
  expect(hostDocument.parse(document)).toEqual(document);
});

test('weights and health checks reach the document with every number filled in; without them it is one of format 1', () => {
  const compiled = (service: object) =>
    compileHost(rowsOf(protectedRoute, { services: new Map([['echo', serviceSpec.parse(service)]]) }));
  const targets = [{ url: 'http://a.test', weight: 3 }, { url: 'http://b.test', weight: 1 }, 'http://c.test'];
  const document = compiled({ targets, healthCheck: { http: { path: '/up' }, intervalMs: 1000 } });
  expect(document.services.echo).toMatchObject({
    targets: [{ host: 'a.test', weight: 3 }, { host: 'b.test' }, { host: 'c.test' }],
    healthCheck: {
      way: { kind: 'http', path: '/up', statuses: null, host: null },
      intervalMs: 1000,
      timeoutMs: 1000,
      healthyAfter: 2,
      unhealthyAfter: 3,
    },
  });
  expect(documentFormatOf(document)).toBe(2);
  const plain = compiled({ targets: [{ url: 'http://b.test', weight: 1 }, 'http://c.test'] });
  expect(documentFormatOf(plain)).toBe(1);
  expect(plain.services.echo).not.toHaveProperty('healthCheck');
  expect(plain.services.echo?.targets[0]).not.toHaveProperty('weight');
});

test('during a rotation both CAs reach the document, in a form that older edges close; one that is missing closes the host', () => {
  const next: SecretRow = { id: 'sec-next', type: 'tls-ca' };
  const rotating = {
    ...protectedRoute,
    tls: { clientValidationCa: { name: 'my-ca', next: { name: 'next-ca' } } },
  };
  const secrets = new Map([
    ['my-ca', CA],
    ['next-ca', next],
  ]);
  const document = compileHost(rowsOf(rotating, { secrets }));
  expect(document.clientCertificate).toEqual({
    mode: 'require',
    trustBundle: 'sec-ca',
    nextTrustBundle: 'sec-next',
    subjectMatches: null,
  });
  expect(documentFormatOf(document)).toBe(DOCUMENT_FORMAT_ROTATION);
  expect(documentFormatOf(compileHost(rowsOf(protectedRoute)))).toBe(1);
  expect(compileHost(rowsOf(rotating)).closed).toEqual({
    reason: 'reference_missing',
    message: '/tls/clientValidationCa/next/name: there is no secret "next-ca"',
  });
  expect(
    compileHost(
      rowsOf(rotating, {
        secrets: new Map([
          ['my-ca', CA],
          ['next-ca', TLS],
        ]),
      }),
    ).closed?.reason,
  ).toBe('reference_type');
});

test('an observed host says so in a form that older edges close, with a warning; a rule may demand nothing there', () => {
  const observed = {
    ...protectedRoute,
    tls: { clientValidationCa: { name: 'my-ca', mode: 'observe' } },
    corsPolicy: { allowOrigins: ['*'] },
  };
  const document = compileHost(rowsOf(observed));
  expect(document.clientCertificate).toMatchObject({ mode: 'require', observe: true });
  expect(documentFormatOf(document)).toBe(DOCUMENT_FORMAT_OBSERVE);
  expect(checkDescriptor(routeDescriptor.parse(observed)).map(({ code }) => code)).toEqual([
    'client_ca_observed',
  ]);
  const enforced = { ...protectedRoute, tls: { clientValidationCa: { name: 'my-ca', mode: 'enforce' } } };
  expect(compileHost(rowsOf(enforced))).toEqual(compileHost(rowsOf(protectedRoute)));
});

test("a host that observes a matcher, its own or a rule's, has a form that older edges close", () => {
  const format = (own: object, ofRule?: object) =>
    documentFormatOf(
      compileHost(
        rowsOf({
          ...protectedRoute,
          validation: { clientCertificate: { subjectMatches: [{ exact: 'a' }, own] } },
          routes: [
            {
              ...{ prefix: '/', route: { service: 'echo' } },
              ...(ofRule === undefined ? {} : { clientCertificate: { subjectMatches: [ofRule] } }),
            },
          ],
        }),
      ),
    );
  const observed = { exact: 'b', observe: true };
  expect(format({ exact: 'b' })).toBe(1);
  expect(format(observed)).toBe(DOCUMENT_FORMAT_OBSERVED_MATCHERS);
  expect(format({ exact: 'b' }, { exact: 'b' })).toBe(DOCUMENT_FORMAT_RULE_DEMANDS);
  expect(format({ exact: 'b' }, observed)).toBe(DOCUMENT_FORMAT_OBSERVED_MATCHERS);
});

test('a host whose rules name CAs has a form that older edges close, its lists are theirs too, and a missing one closes it', () => {
  const rule = (prefix: string, name: string) => ({
    ...{ prefix, route: { service: 'echo' } },
    clientCertificate: { ca: { name } },
  });
  const routes = [...protectedRoute.routes, rule('/p', 'rule-ca')];
  const secrets = new Map([
    ['my-ca', CA],
    ['rule-ca', { id: 'sec-rule', type: 'tls-ca' as const }],
  ]);
  const crls = [
    { id: 'crl-rule', ca: 'rule-ca' },
    { id: 'crl-other', ca: 'other' },
  ];
  const rows = { secrets, crls, hasRevocations: true };
  const mixed = compileHost(rowsOf({ ...protectedRoute, routes }, rows));
  expect(documentFormatOf(mixed)).toBe(DOCUMENT_FORMAT_RULE_CAS);
  expect(mixed.clientCertificate).toMatchObject({
    mode: 'require',
    trustBundle: 'sec-ca',
    crls: ['crl-rule'],
  });
  expect(mixed.rules[0]?.clientCertificate).toEqual({ trustBundle: 'sec-rule' });
  const { tls: _, ...open } = protectedRoute;
  const request = compileHost(rowsOf({ ...open, routes }, rows));
  expect(documentFormatOf(request)).toBe(DOCUMENT_FORMAT_RULE_CAS);
  expect(request.clientCertificate).toEqual({
    ...{ mode: 'request', trustBundle: null, subjectMatches: null },
    ...{ revocations: true, crls: ['crl-rule'] },
  });
  expect(compileHost(rowsOf({ ...open, routes }, { secrets: new Map() }))).toMatchObject({
    closed: { reason: 'reference_missing' },
    ...{ clientCertificate: null, rules: [] },
  });
});

test('a host with a client CA always demands a certificate of exactly that bundle', () => {
  expect(compileHost(rowsOf(protectedRoute)).clientCertificate).toEqual({
    mode: 'require',
    trustBundle: 'sec-ca',
    subjectMatches: null,
  });
});

test('errors of references carry pointers and the nearest known name', () => {
  const spec = {
    host: 'a.localhost',
    tls: { clientValidationCa: { name: 'my-cq' }, serverCertificate: { name: 'nothing-like-it' } },
    routes: [
      { prefix: '/', route: { service: 'echo' } },
      { prefix: '/b', route: { service: 'ehco' } },
    ],
  };
  expect(checkRoute(rowsOf(spec)).map(({ pointer, code, hint }) => [pointer, code, hint])).toEqual([
    ['/tls/clientValidationCa/name', 'reference_missing', 'did you mean "my-ca"?'],
    [
      '/tls/serverCertificate/name',
      'reference_missing',
      'create it: postern secret create tls nothing-like-it --cert FILE --key FILE',
    ],
    ['/routes/1/route/service', 'reference_missing', 'did you mean "echo"?'],
  ]);
});

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?$/);
const serviceName = fc.oneof(label, fc.constantFrom('constructor', 'tostring', 'echo', 'hasownproperty'));
const text = fc.oneof(
  fc.string({ minLength: 1, maxLength: 40 }),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }),
  fc.constantFrom('(', '[a', 'a{9,1}', '(?i)x', '\\', '.*', '(a+)+$', '\\pL{1000}', '(?P<n>a)', '__proto__'),
  fc.stringMatching(/^[a-c.*+?()|[\]{}\\0-9^$-]{1,20}$/),
);
const matcher = fc.oneof(
  ...(['exact', 'hasPrefix', 'hasSuffix', 'regex'] as const).map((key) =>
    fc
      .tuple(text, fc.boolean())
      .map(([value, observed]) => ({ [key]: value, ...(observed ? { observe: true } : {}) })),
  ),
);
const target = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'http://[::1]:8080',
      'https://[2001:db8::1]',
      'https://B.Test.',
      'h2c://a',
      'h2c://a:443/',
      'http://a:80',
      'http://ä.test',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('http://a:0', 'https://a:99999', 'http://0x7f.1', 'ftp://a', 'http://a/b'),
  },
  { weight: 4, arbitrary: fc.webUrl({ validSchemes: ['http', 'https'] }).map((url) => new URL(url).origin) },
);
const healthCheck = fc
  .tuple(
    fc.constantFrom(
      { http: { path: '/up' } },
      { http: { path: '/', statuses: [200] } },
      { grpc: {} },
      { tcp: {} },
    ),
    fc.record(
      { intervalMs: fc.integer({ min: 500, max: 5000 }), healthyAfter: fc.integer({ min: 1, max: 10 }) },
      { requiredKeys: [] },
    ),
  )
  .map(([way, times]) => ({ ...way, ...times }));
const service = fc.record(
  {
    targets: fc.array(
      fc.oneof(
        { weight: 3, arbitrary: target },
        { weight: 1, arbitrary: fc.record({ url: target, weight: fc.integer({ min: 1, max: 1000 }) }) },
      ),
      { minLength: 1, maxLength: 4 },
    ),
    healthCheck,
    tls: fc.option(
      fc.record(
        { ca: fc.constant({ name: 'my-ca' }), clientCertificate: fc.constant({ name: 'my-tls' }) },
        { requiredKeys: [] },
      ),
      { freq: 1, nil: undefined },
    ),
    hostHeader: fc.constantFrom('client', 'target'),
    timeouts: fc.record(
      { connectMs: fc.integer({ min: 1, max: 1000 }), idleBodyMs: fc.integer({ min: 1, max: 1e6 }) },
      { requiredKeys: [] },
    ),
    maxBodyBytes: fc.nat(),
  },
  { requiredKeys: ['targets'] },
);
const descriptor = fc.record(
  {
    host: fc.constantFrom('a.localhost', '*.b.example.org', 'Ä.example.org'),
    tls: fc.constant({ clientValidationCa: { name: 'my-ca' } }),
    validation: fc.record({
      clientCertificate: fc.record({ subjectMatches: fc.array(matcher, { minLength: 1, maxLength: 4 }) }),
    }),
    corsPolicy: fc.constant({ allowOrigins: ['*'] }),
    routes: fc.array(
      fc.record(
        {
          name: label,
          prefix: fc.oneof(
            fc.stringMatching(/^\/[a-z0-9/;%.]{0,8}$/),
            text.map((value) => `/${value}`),
            fc.constant('/'),
          ),
          route: fc.record({ service: serviceName }),
          enableWebsockets: fc.boolean(),
        },
        { requiredKeys: ['prefix', 'route'] },
      ),
      { minLength: 1, maxLength: 5 },
    ),
  },
  { requiredKeys: ['host', 'routes'] },
);

test('whatever contracts accepts, compile and admission can use, and the document reads back as it was', () => {
  let served = 0;
  fc.assert(
    fc.property(descriptor, service, fc.boolean(), (route, upstream, hasSecrets) => {
      const spec = routeDescriptor.safeParse(route);
      const parsedService = serviceSpec.safeParse(upstream);
      if (!spec.success || !parsedService.success) return;
      const services = new Map(
        spec.data.routes.map((rule) => [rule.route.service as string, parsedService.data]),
      );
      const secrets = new Map(
        hasSecrets
          ? [
              ['my-ca', CA],
              ['my-tls', TLS],
            ]
          : [],
      );
      const document = compileHost(rowsOf(spec.data, { services, secrets }));
      const wire = JSON.parse(JSON.stringify(document));
      expect(hostDocument.parse(wire)).toEqual(document);
      const matches = spec.data.validation?.clientCertificate?.subjectMatches ?? [];
      const compiled = compileMatchers(matches);
      const hasErrors = checkDescriptor(spec.data).some(({ severity }) => severity === 'error');
      expect(compiled.ok).toBe(!hasErrors);
      if (compiled.ok)
        compiled.judge({ commonNames: ['a'.repeat(LIMITS.matchedNameCharsMax)], dnsNames: ['x.org'] });
      if (document.closed !== null) return;
      served += 1;
      expect(hasErrors).toBe(false);
      expect(document.clientCertificate === null).toBe(spec.data.tls === undefined);
      for (const { service: name } of document.rules)
        expect(Object.hasOwn(document.services, name)).toBe(true);
      const lengths = document.rules.map(({ prefix }) => prefix.length);
      expect(lengths).toEqual(lengths.toSorted((a, b) => b - a));
      expect(lengths.length).toBe(spec.data.routes.length);
    }),
    { numRuns: 2000 },
  );
  expect(served).toBeGreaterThan(50);
});

test('a host is served by its secret, else by what is issued, else by what serves it until then', () => {
  const open = { host: 'a.localhost', routes: [{ prefix: '/', route: { service: 'echo' } }] };
  const by = (spec: object, rows: object) => compileHost(rowsOf(spec, rows)).certificate;
  const none = { issuedCertificate: null, servedCertificate: 'former' };
  expect([by(open, { ...none, issuedCertificate: 'it' }), by(open, none)]).toEqual(['it', 'former']);
  const own = { ...open, tls: { serverCertificate: { name: 'own' } } };
  expect(by(own, { ...none, secrets: new Map([['own', TLS]]) })).toBe('sec-tls');
});
