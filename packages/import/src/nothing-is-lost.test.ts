import {
  type Hostname,
  pathOfPointer,
  pointerOf,
  type ResourceName,
  routeDescriptor,
} from '@postern/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { importKalix } from './import-kalix.ts';
import { importKrakend } from './import-krakend.ts';
import { type Imported, isObject } from './imported.ts';

/** Pointers of everything in a value that holds nothing else. */
function leavesOf(value: unknown, path: readonly PropertyKey[] = []): { pointer: string; value: unknown }[] {
  const parts = Array.isArray(value) ? [...value.entries()] : isObject(value) ? Object.entries(value) : [];
  if (parts.length === 0) return [{ pointer: pointerOf(path), value }];
  return parts.flatMap(([key, part]) => leavesOf(part, [...path, key]));
}

function valueAt(value: unknown, pointer: string): unknown {
  return pathOfPointer(pointer).reduce<unknown>(
    (part, key) =>
      typeof part === 'object' && part !== null ? (part as Record<string, unknown>)[key] : undefined,
    value,
  );
}

function isListed({ findings }: Imported, pointer: string): boolean {
  return findings.some(
    ({ finding }) => pointer === finding.pointer || pointer.startsWith(`${finding.pointer}/`),
  );
}

const word = fc.stringMatching(/^[a-z][a-z0-9]{0,5}$/);
const scalar = fc.oneof(word, fc.integer(), fc.boolean(), fc.constant(null));
const anything = fc.jsonValue({ maxDepth: 2, depthSize: 'small', stringUnit: 'grapheme-ascii' });
/** A valid value most of the time, something else at times, and strange keys beside it. */
const oddly = (value: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 12, arbitrary: value }, { weight: 1, arbitrary: anything });
const object = (keys: Record<string, fc.Arbitrary<unknown>>, requiredKeys: string[] = []) =>
  fc
    .tuple(
      fc.record(Object.fromEntries(Object.entries(keys).map(([key, value]) => [key, oddly(value)])), {
        requiredKeys,
      }),
      fc.oneof(
        { weight: 6, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.dictionary(word, scalar, { maxKeys: 2 }) },
      ),
    )
    .map(([known, strange]) => ({ ...strange, ...known }));

const descriptor = object(
  {
    host: fc.constantFrom('a.acme.org', 'B.Acme.org', 'c.acme.org.', 'a_b'),
    tls: object({
      clientValidationCa: object({ name: word }, ['name']),
      serverCertificate: object({ name: word }, ['name']),
    }),
    validation: object({
      clientCertificate: object({
        subjectMatches: fc.array(object({ exact: word }, ['exact']), { minLength: 1, maxLength: 2 }),
      }),
    }),
    corsPolicy: object({ allowOrigins: fc.constant(['*']), maxAge: scalar }, ['allowOrigins']),
    routes: fc.constant([{ prefix: '/', route: { service: 'cart' } }]),
  },
  ['host', 'routes'],
);
const foreign = fc.oneof(
  descriptor,
  object({ name: word, spec: descriptor, status: anything }, ['name', 'spec']),
  object(
    {
      resource: fc.constantFrom('Route', 'route', null),
      kind: fc.constantFrom('Route', 'Service', null),
      metadata: object({ name: word }, ['name']),
      spec: descriptor,
    },
    ['resource', 'metadata', 'spec'],
  ),
  object({ name: word, service: object({ image: word, env: anything }, ['image']) }, ['name', 'service']),
  object({ items: fc.array(object({ name: word, spec: descriptor }, ['name', 'spec']), { maxLength: 3 }) }, [
    'items',
  ]),
);

test('every leaf of a Kalix file is in the document at its place, or a finding names it', () => {
  let made = 0;
  fc.assert(
    fc.property(foreign, fc.boolean(), (value, placed) => {
      const targets = new Map(placed ? [['cart', 'http://127.0.0.1:1']] : []);
      const imported = importKalix([{ value, defaultName: 'file' }], { targets });
      made += imported.documents.length;
      for (const { pointer, value: leaf } of leavesOf(value)) {
        if (isListed(imported, pointer)) continue;
        const carried = imported.documents.some((document) => {
          if (document.kind === 'service') return leaf === document.name;
          if (/\/(name|resource|kind)$/.test(pointer) && !pointer.startsWith(`${document.base}/`)) {
            return leaf === document.name || String(leaf).toLowerCase() === 'route';
          }
          if (!pointer.startsWith(`${document.base}/`)) return false;
          const own = pointer.slice(document.base.length);
          const there = valueAt(document.spec, own);
          return own === '/host'
            ? there === String(leaf).toLowerCase().replace(/\.$/, '')
            : Object.is(JSON.stringify(there), JSON.stringify(leaf));
        });
        expect(carried, `${pointer} of ${JSON.stringify(value)}`).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
  expect(made).toBeGreaterThan(500);
});

test('a route that is made demands a client certificate wherever the Kalix descriptor did', () => {
  fc.assert(
    fc.property(descriptor, (value) => {
      const { documents } = importKalix([{ value, defaultName: 'file' }]);
      for (const { kind, spec } of documents) {
        if (kind !== 'route' || !isObject(value.tls) || !isObject(value.tls.clientValidationCa)) continue;
        expect(routeDescriptor.parse(spec).tls?.clientValidationCa).toBeDefined();
      }
    }),
    { numRuns: 2000 },
  );
});

/** How a word stands between single quotes of the shell. */
const inQuotes = (text: string) => text.replaceAll("'", "'\\''");
const file = fc.constantFrom('a.pem', 'b c.pem', './d.key', "e's.pem");
/** Names of the certificates in those files; the last one cannot be read. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  'a.pem': ['a.acme.org', '*.acme.org'],
  'b c.pem': ['a.acme.org', 'not a host'],
  './d.key': [],
};
const tls = object({
  enable_mtls: fc.boolean(),
  ca_certs: fc.array(file, { maxLength: 3 }),
  disable_system_ca_pool: fc.boolean(),
  public_key: file,
  private_key: file,
  keys: fc.array(object({ public_key: file, private_key: file }, ['public_key', 'private_key']), {
    maxLength: 3,
  }),
  disabled: fc.boolean(),
  min_version: fc.constantFrom('TLS12', 'TLS13', 'TLS1.3'),
  max_version: fc.constantFrom('TLS12', 'TLS13'),
  cipher_suites: fc.constant([4865]),
});
const krakend = object({ version: fc.constant(3), port: fc.constantFrom(443, 0), tls, endpoints: anything });

test('every leaf of a KrakenD file is in a document or a step, or a finding names it; mTLS never becomes an open route', () => {
  let made = 0;
  fc.assert(
    fc.property(krakend, fc.constantFrom('gateway.acme.org', undefined), (value, given) => {
      const host = given as Hostname | undefined;
      const readNames = (path: string) => {
        const names = NAMES[path];
        return names === undefined ? { problem: 'it cannot be read' } : { names };
      };
      const imported = importKrakend({ value }, { host, name: 'gateway' as ResourceName, readNames });
      const routes = imported.documents.filter(({ kind }) => kind === 'route');
      const [route] = routes;
      made += routes.length;
      const demanding = isObject(value.tls) && value.tls.enable_mtls === true;
      for (const { spec } of demanding ? routes : []) {
        expect(routeDescriptor.parse(spec).tls?.clientValidationCa).toBeDefined();
      }
      const steps = imported.steps.join('\n');
      for (const { pointer, value: leaf } of leavesOf(value)) {
        const named = imported.findings.some(
          ({ finding }) =>
            // What is said of the whole of `tls` does not count for its parts, unless nothing is made.
            pointer === finding.pointer ||
            ((finding.pointer !== '/tls' || route === undefined) &&
              pointer.startsWith(`${finding.pointer}/`)),
        );
        if (named || route === undefined || pointer === '') continue;
        const carried =
          pointer === '/port'
            ? JSON.stringify(imported.documents).includes(`:${String(leaf)}"`)
            : /^\/tls\/(enable_mtls|disable_system_ca_pool|disabled)$/.test(pointer)
              ? typeof leaf === 'boolean'
              : /^\/tls\/(ca_certs\/\d+|keys\/\d+\/(public|private)_key|(public|private)_key)$/.test(
                  pointer,
                ) && steps.includes(inQuotes(String(leaf)));
        expect(carried, `${pointer} of ${JSON.stringify(value)}`).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
  expect(made).toBeGreaterThan(300);
});
