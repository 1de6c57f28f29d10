import { describe, expect, test } from 'vitest';
import { CliFailure } from '../cli-failure.ts';
import { applyRouteFlags, type BaseDescriptor, parsePathFlag, type RouteFlags } from './apply-route-flags.ts';

const base: BaseDescriptor = {
  host: 'shop.example.org',
  tls: { clientValidationCa: { name: 'ca' }, serverCertificate: { name: 'cert' } },
  validation: {
    clientCertificate: { subjectMatches: [{ exact: 'a.acme.org' }, { regex: 'b+' }] },
    httpBasic: { realm: 'Shop', passwordHashes: { anna: 'sha256:x' } },
  },
  corsPolicy: { allowOrigins: ['https://a.example'], allowMethods: ['GET'] },
  routes: [
    { name: 'live', prefix: '/live', route: { service: 'old' }, enableWebsockets: true },
    { prefix: '/', route: { service: 'shop' } },
  ],
};

function failureOf(flags: RouteFlags, from: BaseDescriptor | null = base): CliFailure {
  try {
    applyRouteFlags(from ?? undefined, flags);
  } catch (error) {
    if (error instanceof CliFailure) return error;
  }
  throw new Error('no failure');
}

test('no flags change nothing, and the given descriptor stays as it was', () => {
  const before = structuredClone(base);
  expect(applyRouteFlags(base, {})).toEqual(base);
  applyRouteFlags(base, { path: ['/=x'], 'remove-http-basic': true, 'cors-origin': ['https://b.example'] });
  expect(base).toEqual(before);
});

test('all flags of a new route become its descriptor', () => {
  expect(
    applyRouteFlags(undefined, {
      hostname: 'shop.example.org',
      path: ['/=shop', '/cart=cart'],
      'client-ca-secret': 'ca',
      'client-certificate-subject': ['*.acme.org', 'device-*', 'exact.org'],
      'client-identity-headers': 'xfcc',
      'server-certificate-secret': 'cert',
      'cors-origin': ['https://a.example'],
      'cors-method': ['GET', 'POST'],
      'http-basic-realm': 'Shop',
      'http-basic-credentials': ['anna=pass=word'],
    }),
  ).toEqual({
    host: 'shop.example.org',
    tls: { clientValidationCa: { name: 'ca' }, serverCertificate: { name: 'cert' } },
    validation: {
      clientCertificate: {
        subjectMatches: [{ hasSuffix: '.acme.org' }, { hasPrefix: 'device-' }, { exact: 'exact.org' }],
      },
      // printf 'pass=word' | openssl dgst -sha256 -binary | base64
      httpBasic: {
        realm: 'Shop',
        passwordHashes: { anna: 'sha256:HAhbibDettqnE4W87awjVs0SFDDe837O/+NSV7uqz2Q=' },
      },
    },
    clientIdentity: { headers: 'xfcc' },
    corsPolicy: { allowOrigins: ['https://a.example'], allowMethods: ['GET', 'POST'] },
    routes: [
      { prefix: '/', route: { service: 'shop' } },
      { prefix: '/cart', route: { service: 'cart' } },
    ],
  });
});

describe('removals come before additions:', () => {
  test('subjects are dropped all at once, and the new one alone stays', () => {
    const { validation } = applyRouteFlags(base, {
      'remove-client-certificate-subject': true,
      'client-certificate-subject': ['other.org'],
    });
    expect(validation?.clientCertificate).toEqual({ subjectMatches: [{ exact: 'other.org' }] });
  });

  test('a CA is exchanged and keeps the subjects', () => {
    const { tls, validation } = applyRouteFlags(base, {
      'remove-client-ca-secret': true,
      'client-ca-secret': 'new',
    });
    expect(tls).toEqual({ clientValidationCa: { name: 'new' }, serverCertificate: { name: 'cert' } });
    expect(validation?.clientCertificate?.subjectMatches).toHaveLength(2);
  });

  test('a path is replaced as a new rule, without name and WebSockets of the old', () => {
    const { routes } = applyRouteFlags(base, { 'remove-path': ['/live'], path: ['/live=new'] });
    expect(routes).toEqual([
      { prefix: '/', route: { service: 'shop' } },
      { prefix: '/live', route: { service: 'new' } },
    ]);
  });

  test('basic authentication starts anew', () => {
    const { validation } = applyRouteFlags(base, {
      'remove-http-basic': true,
      'http-basic-realm': 'New',
      'http-basic-credentials': ['bob=x'],
    });
    expect(Object.keys(validation?.httpBasic?.passwordHashes ?? {})).toEqual(['bob']);
  });
});

test('how untrusted clients are refused stays until it is said anew, and goes with the CA', () => {
  const from: BaseDescriptor = { ...base, tls: { ...base.tls, onUntrusted: 'page' } };
  expect(applyRouteFlags(from, {}).tls?.onUntrusted).toBe('page');
  expect(applyRouteFlags(from, { 'on-untrusted': 'close' }).tls?.onUntrusted).toBe('close');
  const removals = { 'remove-client-ca-secret': true, 'remove-client-certificate-subject': true };
  expect(applyRouteFlags(from, removals).tls).toEqual({ serverCertificate: { name: 'cert' } });
});

test('the form of identity headers is exchanged, or goes back to the default', () => {
  const from: BaseDescriptor = { ...base, clientIdentity: { headers: 'xfcc' } };
  expect(applyRouteFlags(from, { 'client-identity-headers': 'none' }).clientIdentity).toEqual({
    headers: 'none',
  });
  expect(applyRouteFlags(from, {}).clientIdentity).toEqual({ headers: 'xfcc' });
  expect(applyRouteFlags(from, { 'client-identity-jwt': true }).clientIdentity).toEqual({
    headers: 'xfcc',
    jwt: {},
  });
  expect(applyRouteFlags(base, { 'client-identity-jwt-audience': 'api' }).clientIdentity).toEqual({
    jwt: { audience: 'api' },
  });
  expect(applyRouteFlags(from, { 'remove-client-identity': true }).clientIdentity).toBeUndefined();
  const removals = { 'remove-client-ca-secret': true, 'remove-client-certificate-subject': true };
  expect(failureOf(removals, from).hint).toContain('--remove-client-identity');
});

test('the flag adds subjects to those that are there, each once', () => {
  const { validation } = applyRouteFlags(base, {
    'client-certificate-subject': ['a.acme.org', '*.b', '*.b'],
  });
  expect(validation?.clientCertificate?.subjectMatches).toEqual([
    { exact: 'a.acme.org' },
    { regex: 'b+' },
    { hasSuffix: '.b' },
  ]);
});

test('a path that is there leads to the new service and keeps its name and WebSockets', () => {
  expect(applyRouteFlags(base, { path: ['/live=new'] }).routes[0]).toEqual({
    name: 'live',
    prefix: '/live',
    route: { service: 'new' },
    enableWebsockets: true,
  });
});

test('with everything removed, no empty parts stay', () => {
  expect(
    applyRouteFlags(base, {
      'remove-client-ca-secret': true,
      'remove-client-certificate-subject': true,
      'remove-server-certificate-secret': true,
      'remove-cors-origin': ['https://a.example'],
      'remove-http-basic': true,
      'remove-path': ['/live'],
    }),
  ).toEqual({ host: 'shop.example.org', routes: [{ prefix: '/', route: { service: 'shop' } }] });
});

describe('refused as usage:', () => {
  test.each<[string, RouteFlags, string]>([
    ['removing the CA under subjects', { 'remove-client-ca-secret': true }, 'subjects'],
    ['removing an unknown path', { 'remove-path': ['/life'] }, '/life'],
    ['removing an unknown origin', { 'remove-cors-origin': ['https://b.example'] }, 'https://b.example'],
    ['removing an unknown method', { 'remove-cors-method': ['PUT'] }, 'PUT'],
    ['a prefix twice', { path: ['/a=x', '/a=y'] }, 'twice'],
    ['a path without a service', { path: ['/a='] }, '/a='],
    ['a path without "="', { path: ['/a'] }, 'PREFIX=SERVICE'],
    ['credentials without "="', { 'http-basic-credentials': ['anna'] }, 'USER=PASSWORD'],
    ['a user twice', { 'http-basic-credentials': ['anna=x', 'anna=y'] }, 'twice'],
  ])('%s', (_title, flags, words) => {
    const failure = failureOf(flags);
    expect(failure.kind).toBe('usage');
    expect(failure.message).toContain(words);
  });

  test.each<[string, RouteFlags, string]>([
    ['a subject without a CA', { 'client-certificate-subject': ['a'] }, '--client-ca-secret'],
    ['identity headers without a CA', { 'client-identity-headers': 'xfcc' }, '--client-ca-secret'],
    ['how to refuse without a CA', { 'on-untrusted': 'page' }, '--client-ca-secret'],
    ['a token without a CA', { 'client-identity-jwt': true }, '--client-ca-secret'],
    ['credentials without a realm', { 'http-basic-credentials': ['a=b'] }, '--http-basic-realm'],
    ['a realm without a user', { 'http-basic-realm': 'a' }, '--http-basic-credentials'],
    ['a method without an origin', { 'cors-method': ['GET'] }, '--cors-origin'],
  ])('%s on a new route, naming what to add', (_title, flags, hint) => {
    expect(failureOf({ path: ['/=echo'], ...flags }, null).hint).toContain(hint);
  });

  test('a password never stands in a message', () => {
    expect(failureOf({ 'http-basic-credentials': ['=topsecret'] }).message).not.toContain('topsecret');
  });
});

test('--path is split at its last "="', () => {
  expect(parsePathFlag('/a=b=echo')).toEqual({ prefix: '/a=b', service: 'echo' });
});

test('a subject that is there and only observed is enforced by the flag', () => {
  const base = {
    ...{ host: 'a.localhost', tls: { clientValidationCa: { name: 'ca' } }, routes: [] },
    validation: {
      clientCertificate: { subjectMatches: [{ exact: 'a', observe: true as const }, { exact: 'b' }] },
    },
  };
  const merged = applyRouteFlags(base, { 'client-certificate-subject': ['a'] });
  expect(merged.validation?.clientCertificate?.subjectMatches).toEqual([{ exact: 'a' }, { exact: 'b' }]);
});

test('a path gets a client CA of its own and loses it again; its subjects stay', () => {
  const subjectMatches = [{ exact: 'a' }];
  const withSubjects = { ...base, routes: [{ ...base.routes[0], clientCertificate: { subjectMatches } }] };
  const rulesOf = (from: object, flags: RouteFlags) =>
    applyRouteFlags(from as BaseDescriptor, flags).routes.map((rule) => rule.clientCertificate);
  const ca = { name: 'partner-ca' };
  const prefix = base.routes[0]?.prefix ?? '';
  const added = { 'path-client-ca': [`${prefix}=partner-ca`] };
  expect(rulesOf(withSubjects, added)).toEqual([{ ca, subjectMatches }]);
  expect(rulesOf(base, { ...added, path: ['/new=cart'] }).at(-1)).toBeUndefined();
  expect(rulesOf(base, { path: ['/new=cart'], 'path-client-ca': ['/new=partner-ca'] }).at(-1)).toEqual({
    ca,
  });
  const owned = { ...base, routes: [{ ...base.routes[0], clientCertificate: { ca } }] };
  expect(rulesOf(owned, { 'remove-path-client-ca': [prefix] })).toEqual([undefined]);
  expect(rulesOf(owned, { 'path-client-ca': [`${prefix}=other`] })).toEqual([{ ca: { name: 'other' } }]);
  for (const flags of [
    { 'path-client-ca': ['/nowhere=ca'] },
    { 'path-client-ca': ['no-equals'] },
    { 'path-client-ca': [`${prefix}=a`, `${prefix}=b`] },
    { 'remove-path-client-ca': [prefix] },
  ])
    expect(failureOf(flags).message).toMatch(/^--(remove-)?path-client-ca /);
});
