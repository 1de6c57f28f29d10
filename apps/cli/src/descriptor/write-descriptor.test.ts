import { type RouteDescriptor, routeDescriptor } from '@postern/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readRouteFile } from './read-route-file.ts';
import { writeDescriptor } from './write-descriptor.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const printable = fc.stringMatching(/^[ -~]{1,80}$/);
const anyText = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
  fc.constantFrom(
    'true',
    'null',
    '~',
    '007',
    '1e3',
    '- a',
    ': ',
    '# x',
    '"',
    "'",
    '|',
    '>',
    '\u0085',
    ' a ',
    '=',
    '<<',
    '*a',
    '&a',
    '!x',
    '%',
  ),
);
const matcher = fc.oneof(
  ...(['exact', 'hasPrefix', 'hasSuffix', 'regex'] as const).map((key) => fc.record({ [key]: anyText })),
);
const hash = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => `sha256:${Buffer.from(bytes).toString('base64')}`);
const user = fc
  .oneof(printable, anyText)
  .filter((name) => /^[^\u0000-\u001f\u007f:]+$/.test(name) && name !== '__proto__');

const descriptor: fc.Arbitrary<RouteDescriptor> = fc
  .record(
    {
      host: fc.tuple(label, label).map(([a, b]) => `${a}.${b}.example`),
      tls: fc.record(
        {
          clientValidationCa: fc.record({ name: label }),
          serverCertificate: fc.record({ name: label }),
          onUntrusted: fc.constantFrom('close', 'page'),
        },
        { requiredKeys: ['clientValidationCa'] },
      ),
      validation: fc.record(
        {
          clientCertificate: fc.record({ subjectMatches: fc.array(matcher, { minLength: 1, maxLength: 4 }) }),
          httpBasic: fc.record({
            realm: printable,
            passwordHashes: fc.dictionary(user, hash, { minKeys: 1, maxKeys: 4 }),
          }),
        },
        { requiredKeys: [] },
      ),
      clientIdentity: fc.record(
        {
          headers: fc.constantFrom('client-cert', 'xfcc', 'x-client', 'none'),
          jwt: fc.record(
            {
              audience: fc.constantFrom('https://a.example', '~', '#x'),
              ttlSeconds: fc.integer({ min: 5, max: 60 }),
            },
            { requiredKeys: [] },
          ),
        },
        { requiredKeys: [] },
      ),
      corsPolicy: fc.record(
        { allowOrigins: fc.constant(['https://a.example', '*']), allowMethods: fc.constant(['GET', "it's"]) },
        { requiredKeys: ['allowOrigins'] },
      ),
      routes: fc.uniqueArray(
        fc.record(
          {
            name: fc.oneof(label, anyText),
            prefix: label.map((text) => `/${text}`),
            route: fc.record({ service: label }),
            enableWebsockets: fc.boolean(),
            clientCertificate: fc.record({
              subjectMatches: fc.array(matcher, { minLength: 1, maxLength: 2 }),
            }),
          },
          { requiredKeys: ['prefix', 'route'] },
        ),
        { selector: (rule) => rule.prefix, minLength: 1, maxLength: 4 },
      ),
    },
    { requiredKeys: ['host', 'tls', 'routes'] },
  )
  .map((value) => routeDescriptor.safeParse(value))
  .filter((result) => result.success)
  .map((result) => result.data as RouteDescriptor);

test('whatever descriptor is exported reads back equal and is exported again byte for byte', () => {
  fc.assert(
    fc.property(descriptor, (value) => {
      const text = writeDescriptor(value);
      const back = readRouteFile('export.yaml', Buffer.from(text, 'utf8')).descriptor;
      expect(back).toEqual(value);
      expect(writeDescriptor(back)).toBe(text);
    }),
    { numRuns: 300 },
  );
});

test('the order of keys in the store does not show', () => {
  const route = { service: 'echo' };
  const a = writeDescriptor(routeDescriptor.parse({ host: 'a.example', routes: [{ prefix: '/', route }] }));
  const b = writeDescriptor(routeDescriptor.parse({ routes: [{ route, prefix: '/' }], host: 'a.example' }));
  expect(a).toBe(b);
});

test('an export looks as a person would write it', () => {
  const spec = routeDescriptor.parse({
    host: 'ecommerce.localhost',
    tls: { clientValidationCa: { name: 'my-root-ca' } },
    validation: {
      clientCertificate: { subjectMatches: [{ hasSuffix: '.acme.org' }, { regex: '^a.*\\.org$' }] },
    },
    routes: [{ prefix: '/', route: { service: 'echo' } }],
  });
  expect(writeDescriptor(spec)).toBe(`host: ecommerce.localhost
tls:
  clientValidationCa:
    name: my-root-ca
validation:
  clientCertificate:
    subjectMatches:
    - hasSuffix: .acme.org
    - regex: ^a.*\\.org$
routes:
- prefix: /
  route:
    service: echo
`);
});
