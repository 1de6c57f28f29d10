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
