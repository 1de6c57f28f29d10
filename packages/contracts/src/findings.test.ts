import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nearest, parseWith } from './findings.ts';
import { pathOfPointer, pointerOf } from './json-pointer.ts';
import { LIMITS } from './limits.ts';
import { routeDescriptor } from './route.ts';
import { secretInput } from './secret.ts';
import { serviceSpec } from './service.ts';

const findings = (value: unknown) => {
  const result = parseWith(routeDescriptor, value);
  return result.ok ? [] : result.findings;
};
const valid = { host: 'a.localhost', routes: [{ prefix: '/', route: { service: 'echo' } }] };

test('all mistakes of a descriptor are found at once, each with its place and the nearest valid spelling', () => {
  const descriptor = {
    hots: 'x',
    host: 'a b',
    tls: { clientValidationCA: { name: 'my-ca' } },
    routes: [
      { prefx: '/', route: { service: 'Echo' } },
      { prefix: 'a', route: { service: 'echo' }, enableWebsockets: 'yes' },
    ],
  };
  expect(findings(descriptor)).toMatchInlineSnapshot(`
    [
      {
        "code": "invalid_value",
        "message": "a host holds no spaces or control characters",
        "pointer": "/host",
        "severity": "error",
      },
      {
        "code": "unknown_key",
        "hint": "did you mean "clientValidationCa"?",
        "message": "unknown key "clientValidationCA"",
        "pointer": "/tls/clientValidationCA",
        "severity": "error",
      },
      {
        "code": "missing",
        "message": ""prefix" is missing",
        "pointer": "/routes/0/prefix",
        "severity": "error",
      },
      {
        "code": "invalid_value",
        "message": "a name is made of lower-case letters, digits and inner hyphens, like "my-route"",
        "pointer": "/routes/0/route/service",
        "severity": "error",
      },
      {
        "code": "unknown_key",
        "hint": "did you mean "prefix"?",
        "message": "unknown key "prefx"",
        "pointer": "/routes/0/prefx",
        "severity": "error",
      },
      {
        "code": "prefix",
        "message": "a prefix begins with "/"",
        "pointer": "/routes/1/prefix",
        "severity": "error",
      },
      {
        "code": "wrong_type",
        "message": "expected boolean, found string",
        "pointer": "/routes/1/enableWebsockets",
        "severity": "error",
      },
      {
        "code": "unknown_key",
        "hint": "did you mean "host"?",
        "message": "unknown key "hots"",
        "pointer": "/hots",
        "severity": "error",
      },
    ]
  `);
});

test('a matcher with no key, two keys or an empty pattern is refused with a hint', () => {
  const descriptor = {
    ...valid,
    tls: { clientValidationCa: { name: 'ca' } },
    validation: {
      clientCertificate: {
        subjectMatches: [{}, { exact: 'a', regex: 'b' }, { exact: '' }, { hasSufix: '.a' }],
      },
    },
  };
  expect(
    findings(descriptor).map(({ pointer, code, message, hint }) => [pointer, code, message, hint]),
  ).toMatchInlineSnapshot(`
    [
      [
        "/validation/clientCertificate/subjectMatches/0",
        "matcher_keys",
        "a matcher sets one of exact, hasPrefix, hasSuffix, regex",
        "write each as a list item of its own: any of them admits",
      ],
      [
        "/validation/clientCertificate/subjectMatches/1",
        "matcher_keys",
        "a matcher sets one key, not exact and regex",
        "write each as a list item of its own: any of them admits",
      ],
      [
        "/validation/clientCertificate/subjectMatches/2/exact",
        "invalid_value",
        "an empty pattern would match every name",
        undefined,
      ],
      [
        "/validation/clientCertificate/subjectMatches/3/hasSufix",
        "unknown_key",
        "unknown key "hasSufix"",
        "did you mean "hasSuffix"?",
      ],
      [
        "/validation/clientCertificate/subjectMatches/3",
        "matcher_keys",
        "a matcher sets one of exact, hasPrefix, hasSuffix, regex",
        "write each as a list item of its own: any of them admits",
      ],
    ]
  `);
});

test('subject rules without a client CA, and two equal prefixes, are refused at their place', () => {
  const descriptor = {
    ...valid,
    validation: { clientCertificate: { subjectMatches: [{ exact: 'a' }] } },
    routes: [...valid.routes, ...valid.routes],
  };
  expect(findings(descriptor).map(({ pointer, code }) => [pointer, code])).toEqual([
    ['/validation/clientCertificate', 'client_ca_missing'],
    ['/routes/1/prefix', 'duplicate_prefix'],
  ]);
});

test('targets without a usable port, with a path, or with credentials are refused', () => {
  const targets = [
    'http://a:0',
    'http://a/x',
    'http://u:p@a',
    'ftp://a',
    'a:80',
    'http://a?',
    'https://a:443',
    'h2c://[::1]:1',
  ];
  const result = parseWith(serviceSpec, { targets });
  expect(result.ok ? [] : result.findings.map(({ pointer }) => pointer)).toEqual(
    [0, 1, 2, 3, 4, 5].map((i) => `/targets/${i}`),
  );
});

test('keys of Object.prototype are plain unknown keys', () => {
  for (const key of ['__proto__', 'constructor', 'toString']) {
    const document = JSON.parse(`{"host":"a.localhost","routes":[],"${key}":{"host":"b"}}`) as unknown;
    expect(
      findings(document).some((finding) => finding.code === 'unknown_key' && finding.pointer === `/${key}`),
      key,
    ).toBe(true);
  }
});

test('a path survives as JSON pointer', () => {
  fc.assert(
    fc.property(fc.array(fc.string()), (path) => {
      expect(pathOfPointer(pointerOf(path))).toEqual(path);
    }),
  );
});

test('the nearest word is found over swaps, losses and case, and nothing far away is offered', () => {
  const known = ['hasPrefix', 'hasSuffix', 'exact', 'regex'];
  expect(nearest('hasSufix', known)).toBe('hasSuffix');
  expect(nearest('EXCAT', known)).toBe('exact');
  expect(nearest('regxe', known)).toBe('regex');
  expect(nearest('contains', known)).toBeUndefined();
  expect(nearest('', known)).toBeUndefined();
});

test('misspelt words and the keys of a secret have a nearest spelling too; a wrong key says what a key is like', () => {
  const of = (schema: Parameters<typeof parseWith>[0], value: unknown) => {
    const result = parseWith(schema, value);
    return result.ok
      ? []
      : result.findings.map(({ pointer, code, message, hint }) => [pointer, code, message, hint]);
  };
  const types = 'expected one of tls-ca, tls, generic, symmetric, asymmetric, crl';
  expect(of(secretInput, { type: 'tls_ca', cert: 'x' })).toEqual([
    ['/type', 'invalid_value', types, 'did you mean "tls-ca"?'],
  ]);
  expect(of(secretInput, { cert: 'x' })).toEqual([['/type', 'missing', '"type" is missing', undefined]]);
  expect(of(secretInput, { type: 'tls-ca', cert: 'x', crt: 'x' })).toEqual([
    ['/crt', 'unknown_key', 'unknown key "crt"', 'did you mean "cert"?'],
  ]);
  expect(of(secretInput, { type: 'generic', data: { 'a b': '' } })).toEqual([
    ['/data/a b', 'invalid_key', expect.stringContaining('a key is made of letters'), undefined],
  ]);
  expect(of(serviceSpec, { targets: ['http://a'], hostHeader: 'taget' })).toEqual([
    ['/hostHeader', 'invalid_value', 'expected one of client, target', 'did you mean "target"?'],
  ]);
});

test('a secret whose names alone are too much is refused', () => {
  const data = Object.fromEntries(
    Array.from({ length: 2000 }, (_, n) => [`${'k'.repeat(250)}${n % 1000}.${n}`.slice(-253), '']),
  );
  expect(parseWith(secretInput, { type: 'generic', data }).ok).toBe(false);
});

test('what is told stays short and quick, however much is wrong', () => {
  // Processor time and not the clock, so that a busy machine decides nothing.
  const startedAt = process.cpuUsage();
  const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`k${n}`, 1]));
  const found = findings({ ...valid, ...keys, ['t'.repeat(1_000_000)]: 1 });
  expect(found).toHaveLength(LIMITS.findingsMax + 1);
  expect(found.at(-1)).toMatchObject({ code: 'more_findings' });
  expect(findings({ ...valid, ['t'.repeat(1_000_000)]: 1 })).toHaveLength(1);
  expect(
    findings({ ...valid, ...Object.fromEntries(Object.entries(keys).slice(0, LIMITS.findingsMax)) }),
  ).toHaveLength(LIMITS.findingsMax);
  expect(process.cpuUsage(startedAt).user / 1000).toBeLessThan(5000);
});

test('a number out of its bounds is told the bound', () => {
  const messages = (value: unknown) => {
    const result = parseWith(serviceSpec, value);
    return result.ok ? [] : result.findings.map(({ message }) => message);
  };
  const url = 'http://127.0.0.1:1';
  expect(messages({ targets: [{ url, weight: 0 }] })).toEqual(['expected a number of at least 1']);
  expect(messages({ targets: [{ url, weight: 1001 }] })).toEqual(['expected a number of at most 1000']);
  expect(messages({ targets: [{ url, weight: 1.5 }] })).toEqual(['expected a whole number']);
});
