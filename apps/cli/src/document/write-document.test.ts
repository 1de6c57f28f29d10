import {
  type DocumentKind,
  documentSchemas,
  type Labels,
  type RouteDescriptor,
  type ServiceSpec,
} from '@postern/contracts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textOf } from './compare-document.ts';
import { writeExport } from './export-documents.ts';
import { readDocuments } from './read-documents.ts';
import { type WritableDocument, writeDocument } from './write-document.ts';

const name = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const value = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom(
    '',
    'true',
    'null',
    '~',
    '007',
    '1e3',
    '- a',
    ': ',
    '# x',
    '"',
    '|',
    ' a ',
    '=',
    '<<',
    '*a',
    '&a',
    '%',
    '---',
    'a\nb',
    '\r\n',
    '\u0085',
    '\u2028',
  ),
);
const labels = fc.dictionary(fc.stringMatching(/^[a-z0-9]([a-z0-9._/-]{0,20}[a-z0-9])?$/), value, {
  maxKeys: 3,
});
const service = fc.record(
  {
    targets: fc.array(
      fc.oneof(
        fc.integer({ min: 1, max: 65_535 }).map((port) => `http://127.0.0.1:${port}`),
        fc.record({ url: fc.constant('https://a.example'), weight: fc.integer({ min: 1, max: 1000 }) }),
      ),
      { minLength: 1, maxLength: 3 },
    ),
    hostHeader: fc.constantFrom('client', 'target'),
    timeouts: fc.record({ connectMs: fc.integer({ min: 1, max: 10_000 }) }, { requiredKeys: [] }),
    maxBodyBytes: fc.nat(),
    healthCheck: fc.record(
      { http: fc.record({ path: fc.constant('/x') }), intervalMs: fc.constant(10_000) },
      { requiredKeys: ['http'] },
    ),
  },
  { requiredKeys: ['targets'] },
);
const secret = fc.oneof(
  fc.record({
    type: fc.constant('generic'),
    stringData: fc.dictionary(fc.stringMatching(/^[A-Za-z0-9._-]{1,10}$/), value, { minKeys: 1, maxKeys: 3 }),
  }),
  fc.record({
    type: fc.constant('tls'),
    keys: fc.constant(['cert', 'key']),
    fingerprints: fc.constant(['0'.repeat(64)]),
  }),
  fc.record({ type: fc.constant('asymmetric'), keys: fc.constant(['publicKey']) }),
);
const route = fc.record({
  host: name.map((label) => `${label}.example`),
  routes: fc.constant([{ prefix: '/', route: { service: 'a' } }]),
});

const written: fc.Arbitrary<WritableDocument> = fc
  .oneof(
    fc.tuple(fc.constant('service' as const), service),
    fc.tuple(fc.constant('secret' as const), secret),
    fc.tuple(fc.constant('route' as const), route),
  )
  .chain(([kind, spec]) =>
    fc.record({ kind: fc.constant<DocumentKind>(kind), name, labels, spec: fc.constant(spec) }),
  )
  .filter(({ kind, ...rest }) => documentSchemas[kind].safeParse({ kind, ...rest }).success);

test('whatever is written reads back equal, beside others, and is written again byte for byte', () => {
  fc.assert(
    fc.property(fc.array(written, { minLength: 1, maxLength: 3 }), (documents) => {
      const text = writeExport(documents, 'https://postern.example/schemas/');
      const { documents: back, reports } = readDocuments('export.yaml', null, Buffer.from(text, 'utf8'), 0);
      expect(reports.flatMap(({ findings }) => findings)).toEqual([]);
      const plain = back.map(({ kind, name: own, labels: some, spec }) => ({
        kind,
        name: own,
        labels: some ?? {},
        spec,
      }));
      expect(plain).toEqual(documents);
      expect(writeExport(plain, 'https://postern.example/schemas/')).toBe(text);
    }),
    { numRuns: 200 },
  );
});

describe('a default that is written out and one that is left out compare as equal:', () => {
  const target = 'http://127.0.0.1:3000';
  const rule = { prefix: '/', route: { service: 'a' } };
  const cases: [string, DocumentKind, unknown, unknown][] = [
    ['hostHeader', 'service', { targets: [target], hostHeader: 'client' }, { targets: [target] }],
    [
      'timeouts',
      'service',
      { targets: [target], timeouts: { connectMs: 5000, responseHeadMs: 60_000, idleBodyMs: 300_000 } },
      { targets: [target] },
    ],
    ['weight', 'service', { targets: [{ url: target, weight: 1 }] }, { targets: [target] }],
    [
      'health check',
      'service',
      {
        targets: [target],
        healthCheck: { tcp: {}, intervalMs: 10_000, timeoutMs: 2000, healthyAfter: 2, unhealthyAfter: 3 },
      },
      { targets: [target], healthCheck: { tcp: {} } },
    ],
    [
      'enableWebsockets',
      'route',
      { host: 'a.example', routes: [{ ...rule, enableWebsockets: false }] },
      { host: 'a.example', routes: [rule] },
    ],
    [
      'allowMethods',
      'route',
      {
        host: 'a.example',
        corsPolicy: { allowOrigins: ['*'], allowMethods: ['GET', 'HEAD', 'POST'] },
        routes: [rule],
      },
      { host: 'a.example', corsPolicy: { allowOrigins: ['*'] }, routes: [rule] },
    ],
    [
      'onUntrusted',
      'route',
      { host: 'a.example', tls: { onUntrusted: 'close' }, routes: [rule] },
      { host: 'a.example', routes: [rule] },
    ],
    [
      'clientIdentity',
      'route',
      { host: 'a.example', clientIdentity: { headers: 'client-cert' }, routes: [rule] },
      { host: 'a.example', routes: [rule] },
    ],
    [
      'clientIdentity.jwt',
      'route',
      {
        host: 'a.example',
        clientIdentity: { jwt: { audience: 'a.example', ttlSeconds: 60 } },
        routes: [rule],
      },
      { host: 'a.example', clientIdentity: { jwt: {} }, routes: [rule] },
    ],
    [
      'an empty block',
      'route',
      { host: 'a.example', tls: {}, validation: {}, routes: [rule] },
      { host: 'a.example', routes: [rule] },
    ],
  ];
  test.each(cases)('%s', (_title, kind, said, silent) => {
    const document = { kind, name: 'x', labels: {} as Labels };
    const one = textOf({ ...document, spec: said as ServiceSpec | RouteDescriptor });
    const other = textOf({ ...document, spec: silent as ServiceSpec | RouteDescriptor });
    expect(one).toBe(other);
    expect(writeDocument({ ...document, spec: said })).not.toBe(writeDocument({ ...document, spec: silent }));
  });
});
