import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import {
  DOCUMENT_KINDS,
  documentJsonSchema,
  documentSchemas,
  isDocumentKind,
  parseWith,
} from '@postern/contracts';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { type Document, parseAllDocuments, visit } from 'yaml';
import { runPostern } from '../testing/cli-harness.ts';

const golden = join(import.meta.dirname, '../../golden');
const ajv = new Ajv({
  allErrors: true,
  strict: true,
  strictRequired: false,
  strictTypes: false,
  formats: { base64: true },
});
const validators = new Map(
  DOCUMENT_KINDS.map((kind) => [kind as string, ajv.compile(documentJsonSchema(kind))]),
);

/** What the schema and the contracts say of a document; undefined for what has no kind of ours. */
function judge(value: unknown): { schema: boolean; contracts: boolean; codes: string[] } | undefined {
  const kind = (value as { kind?: unknown } | null)?.kind;
  if (typeof kind !== 'string' || !isDocumentKind(kind)) return undefined;
  const result = parseWith(documentSchemas[kind], value);
  return {
    schema: validators.get(kind)?.(value) === true,
    contracts: result.ok,
    codes: result.ok ? [] : result.findings.map(({ code, pointer }) => `${code} ${pointer}`),
  };
}

/** True for what Postern refuses while it reads; an alias without its anchor cannot even become a value. */
function hasAlias(document: Document): boolean {
  let found = false;
  visit(document, {
    Alias() {
      found = true;
      return visit.BREAK;
    },
  });
  return found;
}

const host = 'shop.example.org';
const rules = [{ prefix: '/', route: { service: 'echo' } }];
const route = (spec: object) => ({ kind: 'route', name: 'r', spec: { host, routes: rules, ...spec } });
const service = (spec: object) => ({
  kind: 'service',
  name: 's',
  spec: { targets: ['http://127.0.0.1:3000'], ...spec },
});
const secret = (spec: object) => ({ kind: 'secret', name: 'k', spec });

const GOOD = [
  route({}),
  { ...route({}), labels: { team: 'shop', 'acme.org/tier': '' } },
  route({ host: '*.example.org' }),
  route({ host: 'Bücher.example' }),
  route({ host: 'shop.example.org.' }),
  route({ tls: { clientValidationCa: { name: 'ca' }, serverCertificate: { name: 'c' } } }),
  route({
    tls: { clientValidationCa: { name: 'ca' } },
    validation: { clientCertificate: { subjectMatches: [{ exact: 'a' }, { regex: 'a+', observe: true }] } },
  }),
  route({ validation: { httpBasic: { realm: 'x', passwordHashes: { u: `sha256:${'A'.repeat(43)}=` } } } }),
  route({ corsPolicy: { allowOrigins: ['*', 'https://a.example:8443'], allowMethods: ['GET'] } }),
  route({
    routes: [{ name: 'x', prefix: '/a%2Fb;c=d/$&~', route: { service: 'echo' }, enableWebsockets: true }],
  }),
  service({}),
  service({ targets: ['https://a.example', 'https://[::1]:8443/', { url: 'https://b.example', weight: 3 }] }),
  service({ targets: ['https://a.example'], tls: { ca: { name: 'ca' }, clientCertificate: { name: 'c' } } }),
  service({ hostHeader: 'target', timeouts: { connectMs: 1 }, maxBodyBytes: 0 }),
  service({ healthCheck: { http: { path: '/healthz?x', statuses: [200] }, intervalMs: 500, timeoutMs: 50 } }),
  service({ healthCheck: { tcp: {} } }),
  secret({ type: 'tls-ca', certFile: 'ca.crt' }),
  secret({ type: 'tls', keys: ['tls.crt'], fingerprints: ['a'.repeat(64)] }),
  secret({ type: 'generic', stringData: { a: 'b' }, data: { c: 'YQ==' } }),
  secret({ type: 'symmetric', secretKey: 'YQ==' }),
  secret({ type: 'asymmetric', publicKeyFile: 'key.pub' }),
];

const BAD = [
  route({ hosst: 'x' }),
  route({ host: 'a b' }),
  route({ host: '' }),
  route({ host: 'https://a.example' }),
  route({ host: 'a.*.example' }),
  route({ routes: [] }),
  ...['a', '//a', '/a//b', '/a?b', '/a#b', '/a\\b', '/ü', '/a b'].map((prefix) =>
    route({ routes: [{ prefix, route: { service: 'echo' } }] }),
  ),
  route({ validation: { clientCertificate: { subjectMatches: [{ exact: 'a' }] } } }),
  route({ tls: {}, validation: { clientCertificate: { subjectMatches: [{ exact: 'a' }] } } }),
  ...[[], [{}], [{ exact: '' }], [{ exact: 'a', regex: 'b' }], [{ observe: true }]].map((subjectMatches) =>
    route({
      tls: { clientValidationCa: { name: 'ca' } },
      validation: { clientCertificate: { subjectMatches } },
    }),
  ),
  route({ validation: { httpBasic: { realm: 'x', passwordHashes: {} } } }),
  route({ corsPolicy: { allowOrigins: ['https://a.example/'] } }),
  { ...route({}), name: 'Bad_Name' },
  { ...route({}), labels: { 'Bad Key': 'x' } },
  { ...route({}), metadata: {} },
  service({ targets: [] }),
  ...['a.example', 'ftp://a', 'http://a/b', 'http://u:p@a', 'http://a?b'].map((target) =>
    service({ targets: [target] }),
  ),
  service({ targets: [{ url: 'http://a', weight: 0 }] }),
  service({ hostHeader: 'none' }),
  service({ timeouts: { connectMs: 0.5 } }),
  service({ healthCheck: {} }),
  service({ healthCheck: { tcp: {}, http: { path: '/' } } }),
  secret({ type: 'other' }),
  secret({ type: 'tls-ca', key: 'x' }),
  secret({ type: 'symmetric', secretKey: 'not base64' }),
  secret({ type: 'generic', data: { 'a b': 'YQ==' } }),
];

describe('what the schema accepts and refuses agrees with the contracts', () => {
  test.each(GOOD.map((value) => [JSON.stringify(value), value] as const))('good: %s', (_, value) => {
    expect(judge(value)).toEqual({ schema: true, contracts: true, codes: [] });
  });

  test.each(BAD.map((value) => [JSON.stringify(value), value] as const))('bad: %s', (_, value) => {
    expect(judge(value)).toMatchObject({ schema: false, contracts: false });
  });

  test('in every golden file, but for what JSON Schema cannot say', () => {
    const exceptions: Record<string, string[]> = {};
    let judged = 0;
    for (const file of globSync('**/*.{input,yaml}', { cwd: golden }).sort()) {
      for (const document of parseAllDocuments(readFileSync(join(golden, file), 'utf8'), {
        logLevel: 'silent',
      })) {
        if (document.errors.length > 0 || hasAlias(document)) continue;
        const verdict = judge(document.toJS());
        if (verdict === undefined) continue;
        judged += 1;
        if (verdict.contracts) expect([file, verdict.schema]).toEqual([file, true]);
        else if (verdict.schema) exceptions[basename(file)] = verdict.codes;
      }
    }
    expect(judged).toBeGreaterThan(20);
    expect(exceptions).toMatchInlineSnapshot(`
      {
        "host-idn.input": [
          "invalid_value /spec/host",
        ],
        "host-ip.input": [
          "invalid_value /spec/host",
        ],
        "host-two-dots.input": [
          "invalid_value /spec/host",
        ],
        "host-wildcard-top.input": [
          "invalid_value /spec/host",
        ],
        "prefix-twice.input": [
          "duplicate_prefix /spec/routes/1/prefix",
        ],
        "secret-generic-twice.input": [
          "given_twice /spec/stringData/user",
        ],
        "secret-keys-beside-values.input": [
          "given_twice /spec/keys",
        ],
        "secret-text-and-file.input": [
          "given_twice /spec/certFile",
        ],
        "secret-without-key.input": [
          "missing /spec",
        ],
        "service-tls-unused.input": [
          "tls_unused /spec/tls",
        ],
        "text-latin1.input": [
          "invalid_value /spec/host",
        ],
        "text-nul.input": [
          "invalid_value /spec/host",
        ],
      }
    `);
  });
});

test('every place of every document has a description for editors', () => {
  const missing: string[] = [];
  const visit = (schema: unknown, place: string): void => {
    const {
      properties = {},
      oneOf = [],
      anyOf = [],
      items,
      additionalProperties,
    } = schema as {
      properties?: Record<string, unknown>;
      oneOf?: unknown[];
      anyOf?: unknown[];
      items?: unknown;
      additionalProperties?: unknown;
    };
    for (const [key, child] of Object.entries(properties)) {
      if (!Object.hasOwn(child as object, 'description')) missing.push(`${place}/${key}`);
      visit(child, `${place}/${key}`);
    }
    for (const child of [...oneOf, ...anyOf]) visit(child, place);
    for (const child of [items, additionalProperties])
      if (typeof child === 'object' && child !== null) visit(child, `${place}/*`);
  };
  for (const kind of DOCUMENT_KINDS) visit(documentJsonSchema(kind), kind);
  expect(missing).toEqual([]);
});

test('postern schema KIND prints it offline, and knows its kinds', async () => {
  const printed = await runPostern(['schema', 'route'], {});
  expect(printed).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(printed.stdout)).toEqual(documentJsonSchema('route'));
  expect(await runPostern(['schema', 'rout'], {})).toMatchObject({ code: 2, stdout: '' });
});
