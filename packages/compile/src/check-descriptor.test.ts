import { routeDescriptor } from '@postern/contracts';
import { expect, test } from 'vitest';
import { checkDescriptor } from './check-descriptor.ts';

function check(matchers: object[], more: object = {}): unknown[] {
  const descriptor = routeDescriptor.parse({
    host: 'a.localhost',
    tls: { clientValidationCa: { name: 'ca' } },
    validation: { clientCertificate: { subjectMatches: matchers } },
    routes: [{ prefix: '/', route: { service: 'echo' } }],
    ...more,
  });
  return checkDescriptor(descriptor).map(({ severity, code, pointer, column }) => [
    severity,
    code,
    pointer,
    column,
  ]);
}
const at = (index: number, key: string) => `/validation/clientCertificate/subjectMatches/${index}/${key}`;

test('regular expressions that cannot be used are errors at their place', () => {
  expect(check([{ exact: 'a' }, { regex: 'a[z-a]' }])).toEqual([['error', 'regex', at(1, 'regex'), 3]]);
});

test('matchers that admit more or less than they seem to are warnings', () => {
  expect(check([{ hasSuffix: 'acme.org' }, { hasSuffix: '.acme.org' }, { exact: '*.acme.org' }])).toEqual([
    ['warning', 'suffix_without_dot', at(0, 'hasSuffix'), undefined],
    ['warning', 'literal_asterisk', at(2, 'exact'), undefined],
    ['warning', 'matcher_shadowed', at(1, 'hasSuffix'), undefined],
    ['warning', 'matcher_shadowed', at(2, 'exact'), undefined],
  ]);
});

test.each([
  ['client.acme\\.org', 7],
  ['client\\.acme.org', 13],
  ['.*\\.acme\\.org', undefined],
  ['[.]acme\\.org', undefined],
  ['[^].]acme[[:alpha:].]x\\.org', undefined],
  ['\\Qa.b\\E', undefined],
  ['\\\\.x', 3],
  ['a.{2}b.+c.?', undefined],
])('an unescaped dot in %s is warned of at column %s', (regex, column) => {
  const expected = column === undefined ? [] : [['warning', 'regex_unescaped_dot', at(0, 'regex'), column]];
  expect(check([{ regex }])).toEqual(expected);
});

test('corsPolicy beside a client CA is a warning', () => {
  expect(check([{ exact: 'a' }], { corsPolicy: { allowOrigins: ['*'] } })).toEqual([
    ['warning', 'cors_with_client_ca', '/corsPolicy', undefined],
  ]);
});

test.each<[string, object[], number[]]>([
  ['the same name twice, in any case', [{ exact: 'A.org' }, { exact: 'a.org' }], [1]],
  ['a name below a suffix', [{ exact: 'x.acme.org' }, { hasSuffix: '.acme.org' }], [0]],
  ['a name after a prefix', [{ hasPrefix: 'x.' }, { exact: 'x.acme.org' }], [1]],
  ['a longer suffix and a longer prefix', [{ hasSuffix: 'org' }, { hasSuffix: '.org' }], [1]],
  ['a longer prefix', [{ hasPrefix: 'ab' }, { hasPrefix: 'a' }], [0]],
  ['a name that a regex allows', [{ regex: '[a-z]+\\.org' }, { exact: 'Acme.org' }], [1]],
  ['the same regex twice', [{ regex: 'a+' }, { regex: 'a+' }], [1]],
  ['two equal suffixes: the first stays', [{ hasSuffix: '.org' }, { hasSuffix: '.ORG' }], [1]],
  [
    'nothing that only looks alike',
    [{ hasSuffix: '.acme.org' }, { exact: 'acme.org' }, { hasPrefix: 'x' }],
    [],
  ],
])('a matcher that allows nobody new is warned of: %s', (_, matchers, shadowed) => {
  const found = check(matchers).filter((finding) => (finding as string[])[1] === 'matcher_shadowed');
  expect(
    found.map((finding) => Number(/subjectMatches\/(\d+)/.exec(String((finding as string[])[2]))?.[1])),
  ).toEqual(shadowed);
});

test.each([
  [{ exact: 'acm\u0435.org' }, '"acm\u0435" holds CYRILLIC "\u0435" (U+0435), which looks like "e"'],
  [{ hasSuffix: '.\u0391cme.org' }, '"\u0391cme" holds GREEK "\u0391" (U+0391), which looks like "A"'],
  [
    { regex: '[a-z]+\\.\u0430pple\\.org' },
    '"\u0430pple" holds CYRILLIC "\u0430" (U+0430), which looks like "a"',
  ],
  [
    { exact: 'xn--pple-43d.com' },
    '"xn--pple-43d" is "\u0430pple", which holds CYRILLIC "\u0430" (U+0430), which looks like "a"',
  ],
  [{ hasPrefix: '\uff41dmin.' }, '"\uff41dmin" holds FULLWIDTH "\uff41" (U+FF41), which looks like "a"'],
])('letters that look like others are warned of: %j', (matcher, message) => {
  const findings = checkDescriptor(
    routeDescriptor.parse({
      ...{ host: 'a.localhost', tls: { clientValidationCa: { name: 'ca' } } },
      validation: { clientCertificate: { subjectMatches: [matcher] } },
      routes: [{ prefix: '/', route: { service: 'echo' } }],
    }),
  );
  expect(findings).toMatchObject([{ severity: 'warning', code: 'matcher_look_alike', message }]);
});

test('names of other scripts as such, and hyphens and digits, are nothing to warn of', () => {
  expect(
    check([{ exact: 'xn--bcher-kva.example' }, { exact: 'b\u00fccher 42' }, { exact: 'xn--x-1' }]),
  ).toEqual([]);
  expect(check([{ exact: '\u043c\u043e\u0441\u043a\u0432\u0430' }])).toEqual([]);
});

test('observed matchers are warned of, and most where no name is demanded at all', () => {
  const observed = { exact: 'b', observe: true };
  expect(check([{ exact: 'a' }, observed])).toEqual([
    ['warning', 'matcher_observed', at(1, 'observe'), undefined],
  ]);
  expect(check([observed])).toEqual([['warning', 'matcher_observed', at(0, 'observe'), undefined]]);
  // It allows nobody yet, so it neither shadows nor is shadowed.
  expect(check([{ hasSuffix: '.acme.org' }, { exact: 'x.acme.org', observe: true }])).toHaveLength(1);
});
