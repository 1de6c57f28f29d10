import { expect, test } from 'vitest';
import { compileMatchers } from './compile-matchers.ts';
import { judgeSubject } from './judge-subject.ts';
import { refusalOfOpenSslCode } from './openssl-code.ts';

const compile = (list: Parameters<typeof compileMatchers>[0]) => {
  const compiled = compileMatchers(list);
  if (!compiled.ok) throw new Error('not compiled');
  return compiled;
};
const client = { names: { commonNames: ['client'], dnsNames: ['client.acme.org'] }, validUntil: 42 };

test('a trusted client is admitted until its path ends, with what matched, or with null where nothing is asked', () => {
  expect(judgeSubject(client, null)).toEqual({ verdict: 'admit', validUntil: 42, matchedBy: null });
  expect(judgeSubject(client, compile([{ hasSuffix: '.acme.org' }]))).toEqual({
    verdict: 'admit',
    validUntil: 42,
    matchedBy: { matcher: { hasSuffix: '.acme.org' }, name: 'client.acme.org' },
  });
});

test('a refusal says which names were compared with what', () => {
  expect(judgeSubject(client, compile([{ exact: 'other.org' }, { regex: 'x+' }]))).toEqual({
    verdict: 'refuse',
    reason: 'subject_not_allowed',
    detail: 'compared CN "client", DNS "client.acme.org"; allowed here: exact "other.org", regex "x+"',
  });
  const nameless = judgeSubject(
    { ...client, names: { commonNames: [], dnsNames: [] } },
    compile([{ exact: 'a' }]),
  );
  expect(nameless).toMatchObject({ detail: expect.stringContaining('no CN or DNS name') });
});

test('a refusal stays one short visible line whatever the names hold', () => {
  const names = {
    commonNames: Array.from({ length: 900 }, () => `a"\r\n\u202e\u0000${'x'.repeat(5000)}`),
    dnsNames: [],
  };
  const list = Array.from({ length: 100 }, () => ({ exact: '\u0007'.repeat(1024) }));
  const verdict = judgeSubject({ names, validUntil: 1 }, compile(list));
  expect(verdict.verdict).toBe('refuse');
  if (verdict.verdict !== 'refuse') return;
  expect(verdict.detail.length).toBeLessThan(4_000);
  expect(verdict.detail).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(verdict.detail).toContain('and 895 more');
});

test('a refusal says that there were too many names to compare', () => {
  const dnsNames = Array.from({ length: 200 }, (_, index) => `host-${index}.acme.example.org`);
  const verdict = judgeSubject(
    { names: { commonNames: [], dnsNames }, validUntil: 1 },
    compile([{ hasSuffix: '.org' }]),
  );
  expect(verdict).toMatchObject({ verdict: 'refuse', detail: expect.stringContaining('more names than') });
});

test('OpenSSL codes become reasons, and a code nobody knows refuses as well', () => {
  expect(refusalOfOpenSslCode('CERT_HAS_EXPIRED')).toBe('certificate_expired');
  expect(refusalOfOpenSslCode('INVALID_PURPOSE')).toBe('certificate_purpose');
  expect(refusalOfOpenSslCode('UNABLE_TO_VERIFY_LEAF_SIGNATURE')).toBe('certificate_untrusted');
  expect(refusalOfOpenSslCode('DEPTH_ZERO_SELF_SIGNED_CERT')).toBe('certificate_self_signed');
  for (const code of ['INVALID_CA', 'PATH_LENGTH_EXCEEDED', 'constructor', '', 'NEW_IN_OPENSSL_5']) {
    expect(refusalOfOpenSslCode(code)).toBe('certificate_invalid');
  }
});

const NAME = 'client.acme.org';
const broad = { hasSuffix: '.acme.org' };
const narrow = { exact: NAME };
const stranger = { exact: 'nobody.org' };
const observed = (matcher: object) => ({ ...matcher, observe: true as const });

test.each([
  // An enforced matcher decides as if the observed ones were not there, also where they say something else.
  ['enforced hit, observed hit', [broad, observed(narrow)], 'admit', undefined],
  ['enforced hit, observed miss', [broad, observed(stranger)], 'admit', undefined],
  ['enforced miss, observed hit', [stranger, observed(narrow)], 'refuse', 'admit'],
  ['enforced miss, observed hit that stands first', [observed(narrow), stranger], 'refuse', 'admit'],
  ['enforced miss, observed miss', [stranger, observed(stranger)], 'refuse', undefined],
  ['observed hit alone', [observed(narrow)], 'admit', undefined],
  ['observed miss alone', [observed(stranger)], 'admit', 'refuse'],
  ['observed miss and hit', [observed(stranger), observed(narrow)], 'admit', undefined],
])('%s: %j is %s, and %s once enforced', (_, list, verdict, once) => {
  const told = judgeSubject(client, compile(list));
  expect([told.verdict, told.observed?.verdict]).toEqual([verdict, once]);
  const enforced = list.map(({ observe: _observe, ...matcher }: { observe?: true }) => matcher);
  expect(judgeSubject(client, compile(enforced)).verdict).toBe(once ?? verdict);
});

test('an observed matcher is never named as what admits or allows, only as what would', () => {
  expect(judgeSubject(client, compile([observed(narrow)]))).toEqual({
    ...{ verdict: 'admit', validUntil: 42, matchedBy: null },
  });
  expect(judgeSubject(client, compile([stranger, observed(narrow)]))).toEqual({
    ...{ verdict: 'refuse', reason: 'subject_not_allowed' },
    detail: 'compared CN "client", DNS "client.acme.org"; allowed here: exact "nobody.org"',
    observed: { verdict: 'admit', matchedBy: { matcher: observed(narrow), name: NAME } },
  });
  expect(judgeSubject(client, compile([observed(stranger)]))).toMatchObject({
    observed: { detail: expect.stringContaining('allowed here: exact "nobody.org"') },
  });
  expect(compile([observed(narrow), stranger]).judge(client.names)).toBeNull();
});
