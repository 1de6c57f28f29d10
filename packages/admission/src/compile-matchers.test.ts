import type { SubjectMatcher } from '@postern/contracts';
import type { SubjectNames } from '@postern/pki';
import { expect, test } from 'vitest';
import { compileMatchers } from './compile-matchers.ts';

/** Processor time and not the clock, so that a busy machine decides nothing. */
function cpuMsSince(started: NodeJS.CpuUsage): number {
  return process.cpuUsage(started).user / 1000;
}

const names = (...dnsNames: string[]): SubjectNames => ({ commonNames: [], dnsNames });

function hits(matcher: SubjectMatcher, name: string): boolean {
  const compiled = compileMatchers([matcher]);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.findings));
  const asDns = compiled.judge(names(name)) !== null;
  expect(compiled.judge({ commonNames: [name], dnsNames: [] }) !== null).toBe(asDns);
  return asDns;
}

test.each<[SubjectMatcher, string, boolean]>([
  [{ exact: 'client.acme.org' }, 'client.acme.org', true],
  [{ exact: 'Client.Acme.ORG' }, 'cLIENT.acme.org', true],
  [{ exact: 'client.acme.org' }, 'client.acme.org.', false],
  [{ exact: 'client.acme.org' }, 'xclient.acme.org', false],
  [{ exact: 'acme.org' }, 'client.acme.org', false],
  [{ hasPrefix: 'client.' }, 'CLIENT.acme.org', true],
  [{ hasPrefix: 'client.' }, 'my.client.acme.org', false],
  [{ hasSuffix: '.acme.org' }, 'a.b.ACME.org', true],
  [{ hasSuffix: '.acme.org' }, 'acme.org', false],
  [{ hasSuffix: '.acme.org' }, 'a.acme.org.evil.net', false],
  [{ hasSuffix: '.acme.org' }, 'evil.net/CN=a.acme.org', true],
  [{ regex: '[a-z]+\\.acme\\.org' }, 'Client.ACME.org', true],
  [{ regex: '[a-z]+\\.acme\\.org' }, 'client.acme.org.evil.net', false],
  [{ regex: '[a-z]+\\.acme\\.org' }, 'x9.client.acme.org', false],
  [{ regex: 'a|ab' }, 'ab', true],
  [{ regex: 'good\\.org|x' }, 'good.org.evil.net', false],
  [{ regex: 'x|good\\.org' }, 'evil.net.good.org', false],
  [{ regex: '(?m)^good\\.org$' }, 'good.org\nevil', false],
  [{ regex: '.*' }, 'anything', true],
])('%j on %s: %s', (matcher, name, expected) => {
  expect(hits(matcher, name)).toBe(expected);
});

test.each<SubjectMatcher>([
  { exact: 'shop.kiosk.org' },
  { hasPrefix: 'shop.kiosk' },
  { hasSuffix: 'shop.kiosk.org' },
  { regex: 'shop\\.kiosk\\.org' },
  { regex: '[a-z.]+' },
  { regex: '\\w+\\.kiosk\\.org' },
])('%j takes no look-alike that Unicode folds onto ASCII', (matcher) => {
  expect(hits(matcher, 'SHOP.KIOSK.ORG')).toBe(true);
  for (const name of ['\u017fhop.kiosk.org', 'shop.\u212aiosk.org', 'shop.kiosk.\u03bfrg']) {
    // A prefix says nothing of what follows it.
    const isPrefixed = 'hasPrefix' in matcher && name.endsWith('\u03bfrg');
    expect(hits(matcher, name)).toBe(isPrefixed);
  }
});

test('any matcher on any CN or DNS name admits, and the hit is named as it was written', () => {
  const list = [{ exact: 'one.org' }, { hasSuffix: '.Two.org' }];
  const compiled = compileMatchers(list);
  if (!compiled.ok) throw new Error('not compiled');
  expect(compiled.judge({ commonNames: ['x', 'A.TWO.org'], dnsNames: ['y'] })).toEqual({
    matcher: { hasSuffix: '.Two.org' },
    name: 'A.TWO.org',
  });
  expect(compiled.judge({ commonNames: ['x'], dnsNames: ['y', 'one.org'] })?.name).toBe('one.org');
  expect(compiled.judge({ commonNames: [], dnsNames: [] })).toBeNull();
});

test('empty names, names over 256 characters and names over 4,096 characters together match nothing', () => {
  expect(hits({ regex: '.*' }, '')).toBe(false);
  expect(hits({ regex: '.*' }, 'a'.repeat(256))).toBe(true);
  expect(hits({ regex: '.*' }, 'a'.repeat(257))).toBe(false);
  expect(hits({ hasPrefix: 'a' }, 'a'.repeat(257))).toBe(false);
  const compiled = compileMatchers([{ regex: '.*' }]);
  if (!compiled.ok) throw new Error('not compiled');
  const many = Array.from({ length: 4_096 / 32 }, () => 'a'.repeat(32));
  expect(compiled.judge(names(...many))).not.toBeNull();
  expect(compiled.judge(names(...many, 'a'))).toBeNull();
  expect(compiled.judge({ commonNames: ['a'], dnsNames: many })).toBeNull();
  // What is not compared takes nothing away.
  expect(compiled.judge(names(...many, 'a'.repeat(257)))).not.toBeNull();
});

test('every unusable matcher is a finding at its place; a syntax error carries its column', () => {
  const list = [
    { regex: 'ok' },
    { regex: 'ab(c' },
    { regex: 'ab[z-a]' },
    { regex: 'x\\' },
    { regex: '(?=a)b' },
    {},
    { exact: '' },
    { exact: 'a', regex: 'b' },
    { exact: 'a'.repeat(1025) },
    { unknown: 'a' },
  ] as SubjectMatcher[];
  const compiled = compileMatchers(list, '/at');
  expect(
    compiled.ok ? [] : compiled.findings.map(({ pointer, code, column }) => [pointer, code, column]),
  ).toEqual([
    ['/at/1/regex', 'regex', undefined],
    ['/at/2/regex', 'regex', 4],
    ['/at/3/regex', 'regex', 2],
    ['/at/4/regex', 'regex', 1],
    ['/at/5', 'matcher_keys', undefined],
    ['/at/6', 'matcher_keys', undefined],
    ['/at/7', 'matcher_keys', undefined],
    ['/at/8/exact', 'pattern_too_long', undefined],
    ['/at/9', 'matcher_keys', undefined],
  ]);
});

test('patterns that explode elsewhere stay fast, or are refused as too complex', () => {
  const bombs = [
    '^(a+)+$',
    '([a-z.]+)*x',
    '(a|a)*b',
    '(.*a){20}',
    '((a{0,30}){0,30}x)',
    `(?:${'[\\pL\\pN]{0,1000}'.repeat(50)})`,
    '(a{0,9}){0,9}'.repeat(70),
    '((a{100}){100}){100}',
    '('.repeat(500) + ')'.repeat(500),
    '(x*)*'.repeat(200),
  ];
  const name = `${'a'.repeat(255)}!`;
  for (const pattern of bombs) {
    const started = process.cpuUsage();
    const compiled = compileMatchers([{ regex: pattern }]);
    if (compiled.ok) expect(compiled.judge(names(name))).toBeNull();
    expect(cpuMsSince(started), pattern.slice(0, 40)).toBeLessThan(5_000);
  }
  expect(compileMatchers([{ regex: '([a-z0-9-]{1,63}\\.){1,7}[a-z]{1,63}' }]).ok).toBe(true);
});

test('a whole list is bounded, not only each pattern: in time to compile, and to judge the longest names', () => {
  const slowToCompile = Array.from({ length: 100 }, () => ({ regex: '\\pL'.repeat(340) }));
  const startedCompiling = process.cpuUsage();
  const refused = compileMatchers(slowToCompile, '/at');
  expect(cpuMsSince(startedCompiling)).toBeLessThan(10_000);
  expect(refused).toMatchObject({
    ok: false,
    findings: [{ pointer: '/at/6/regex', code: 'regex_too_complex' }],
  });

  const worst = { regex: '.*(a|b).{0,200}(c|d).{0,200}[xy]' };
  const list = Array.from({ length: 100 }, () => worst);
  while (!compileMatchers(list).ok) list.pop();
  const compiled = compileMatchers(list);
  if (!compiled.ok) throw new Error('not compiled');
  let seed = 1;
  const letters = (length: number) =>
    Array.from({ length }, () => {
      seed = (seed * 48_271) % 2_147_483_647;
      return 'abcd'[seed % 4];
    }).join('');
  const startedJudging = process.cpuUsage();
  expect(compiled.judge(names(...Array.from({ length: 16 }, () => letters(256))))).toBeNull();
  expect(compiled.judge(names(...Array.from({ length: 380 }, () => letters(250))))).toBeNull();
  expect(cpuMsSince(startedJudging)).toBeLessThan(20_000);
});
