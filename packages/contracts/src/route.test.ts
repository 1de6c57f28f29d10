import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseWith } from './findings.ts';
import { LIMITS } from './limits.ts';
import { routeDescriptor } from './route.ts';

const accepts = (prefix: string): boolean =>
  routeDescriptor.safeParse({ host: 'a.localhost', routes: [{ prefix, route: { service: 'echo' } }] })
    .success;

test.each([
  '/',
  '/api',
  '/api/',
  '/a.b',
  '/a..b',
  '/.well-known/',
  '/%C3%A4',
  '/a;b=c',
  '/a*',
  '/~u',
  '/a%2fb',
  '/...',
])('prefix %s is accepted', (prefix) => {
  expect(accepts(prefix)).toBe(true);
});

test.each([
  '',
  'a',
  '//',
  '/a//b',
  '/.',
  '/..',
  '/a/../b',
  '/a/./b',
  '/%2e',
  '/%2E%2e/a',
  '/.%2e',
  '/a\\b',
  '/a#b',
  '/a?b',
  '/a b',
  '/a\u0000',
  '/a\n',
  '/ä',
  '/%',
  '/%g0',
  `/${'a'.repeat(2048)}`,
])('prefix %j is refused', (prefix) => {
  expect(accepts(prefix)).toBe(false);
});

test('an accepted prefix is a path that no URL parser rewrites', () => {
  let found = 0;
  fc.assert(
    fc.property(fc.stringMatching(/^\/[a-z./%2eEfF;#?\\ ~-]{0,12}$/), (prefix) => {
      if (!accepts(prefix)) return;
      found += 1;
      expect(new URL(`http://a${prefix}`).pathname).toBe(prefix);
    }),
    { numRuns: 3000 },
  );
  expect(found).toBeGreaterThan(50);
});

test('clientIdentity is refused without a client CA: nobody would have an identity', () => {
  const routes = [{ prefix: '/', route: { service: 'echo' } }];
  const clientIdentity = { headers: 'xfcc' };
  const bare = routeDescriptor.safeParse({ host: 'a.localhost', clientIdentity, routes });
  expect(bare.error?.issues.map(({ path }) => path)).toEqual([['clientIdentity']]);
  const tls = { clientValidationCa: { name: 'ca' } };
  expect(routeDescriptor.safeParse({ host: 'a.localhost', tls, clientIdentity, routes }).success).toBe(true);
  const unknown = { headers: 'x-forwarded' };
  expect(
    routeDescriptor.safeParse({ host: 'a.localhost', tls, clientIdentity: unknown, routes }).success,
  ).toBe(false);
});

test('a rotation leads from one client CA to another', () => {
  const parse = (next: unknown) =>
    parseWith(routeDescriptor, {
      host: 'a.localhost',
      tls: { clientValidationCa: { name: 'ca', next } },
      routes: [{ prefix: '/', route: { service: 'echo' } }],
    });
  expect(parse({ name: 'ca-2' }).ok).toBe(true);
  const same = parse({ name: 'ca' });
  expect(same.ok ? [] : same.findings).toMatchObject([
    { code: 'rotation_to_itself', pointer: '/tls/clientValidationCa/next/name' },
  ]);
  expect(parse({ name: 'ca-2', mode: 'observe' }).ok).toBe(false);
});

test('onUntrusted is refused without a client CA: nobody would be untrusted', () => {
  const routes = [{ prefix: '/', route: { service: 'echo' } }];
  const bare = routeDescriptor.safeParse({ host: 'a.localhost', tls: { onUntrusted: 'page' }, routes });
  expect(bare.error?.issues.map(({ path }) => path)).toEqual([['tls', 'onUntrusted']]);
});

test('a rule demands subjects only where there is a client CA, and all rules a hundred matchers together', () => {
  const rule = (prefix: string, count: number) => ({
    prefix,
    route: { service: 'echo' },
    clientCertificate: {
      subjectMatches: Array.from({ length: count }, (_, index) => ({ exact: `a${index}` })),
    },
  });
  const tls = { clientValidationCa: { name: 'ca' } };
  const pathsOf = (descriptor: object) =>
    routeDescriptor.safeParse({ host: 'a.localhost', ...descriptor }).error?.issues.map(({ path }) => path);
  expect(pathsOf({ tls, routes: [rule('/', 50), rule('/a', 50)] })).toBeUndefined();
  expect(pathsOf({ routes: [rule('/', 1)] })).toEqual([['routes', 0, 'clientCertificate']]);
  expect(pathsOf({ tls, routes: [rule('/', 50), rule('/a', 51)] })).toEqual([['routes']]);
  expect(pathsOf({ tls, routes: [rule('/', 0)] })).toHaveLength(1);
});

test('a matcher is observed by `observe: true` beside its one pattern, and not where the whole CA is', () => {
  const findingsOf = (matcher: object, mode = 'enforce') => {
    const parsed = parseWith(routeDescriptor, {
      host: 'a.localhost',
      tls: { clientValidationCa: { name: 'ca', mode } },
      validation: { clientCertificate: { subjectMatches: [{ exact: 'a' }, matcher] } },
      routes: [{ prefix: '/', route: { service: 'echo' } }],
    });
    return parsed.ok ? [] : parsed.findings.map(({ code, pointer }) => [code, pointer]);
  };
  const at = '/validation/clientCertificate/subjectMatches/1';
  expect(findingsOf({ hasSuffix: '.b', observe: true })).toEqual([]);
  expect(findingsOf({ observe: true })).toEqual([['matcher_keys', at]]);
  expect(findingsOf({ exact: 'a', hasSuffix: '.b', observe: true })).toEqual([['matcher_keys', at]]);
  expect(findingsOf({ exact: 'b', observe: false })).toMatchObject([[expect.any(String), `${at}/observe`]]);
  expect(findingsOf({ exact: 'b', observe: true }, 'observe')).toEqual([['observed_twice', `${at}/observe`]]);
});

test('a rule may name a CA of its own, also where the host has none; subjects alone need one of the two', () => {
  const rule = (prefix: string, clientCertificate?: object) => ({
    prefix,
    route: { service: 'echo' },
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
  });
  const subjectMatches = [{ exact: 'a' }];
  const ca = (name: string) => ({ ca: { name } });
  const told = (descriptor: object) => {
    const parsed = parseWith(routeDescriptor, { host: 'a.localhost', ...descriptor });
    return parsed.ok ? [] : parsed.findings.map(({ code, pointer }) => `${code} ${pointer}`);
  };
  const tls = { clientValidationCa: { name: 'ca' } };
  for (const demand of [ca('b'), { ...ca('b'), subjectMatches }]) {
    expect(told({ tls, routes: [rule('/', demand)] })).toEqual([]);
    expect(told({ routes: [rule('/', demand), rule('/x')] })).toEqual([]);
    expect(told({ routes: [rule('/', demand)], clientIdentity: { headers: 'xfcc' } })).toEqual([]);
  }
  const missing = 'client_ca_missing /routes/1/clientCertificate';
  expect(told({ routes: [rule('/', ca('b')), rule('/x', { subjectMatches })] })).toEqual([missing]);
  expect(told({ tls, routes: [rule('/', {})] })).toHaveLength(1);
  // What only a CA of the host gives a meaning to still needs one.
  expect(told({ tls: { onUntrusted: 'page' }, routes: [rule('/', ca('b'))] })).toEqual([
    'client_ca_missing /tls/onUntrusted',
  ]);
  const validation = { clientCertificate: { subjectMatches } };
  expect(told({ validation, routes: [rule('/', ca('b'))] })).toEqual([
    'client_ca_missing /validation/clientCertificate',
  ]);
  const observed = { clientValidationCa: { name: 'ca', mode: 'observe' } };
  expect(told({ tls: observed, routes: [rule('/', ca('b'))] })).toEqual([
    'observed_rule_demand /routes/0/clientCertificate',
  ]);
  const many = (count: number) => Array.from({ length: count }, (_, n) => rule(`/${n}`, ca(`c${n}`)));
  expect(told({ routes: many(LIMITS.ruleCasMax) })).toEqual([]);
  expect(told({ routes: many(LIMITS.ruleCasMax + 1) })).toEqual(['too_many_cas /routes']);
});
