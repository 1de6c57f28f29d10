import type { CompiledRule } from '@postern/contracts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createRuleTable } from './rule-table.ts';

const rule = (prefix: string): CompiledRule => ({
  name: prefix,
  prefix,
  service: 's',
  enableWebsockets: false,
});
const table = createRuleTable([rule('/'), rule('/admin'), rule('/admin/deep/')]);

test.each([
  ['/', '/'],
  ['/x', '/'],
  ['/Admin', '/'],
  ['/admin', '/admin'],
  ['/administrator', '/admin'],
  ['/admin/deep', '/admin'],
  ['/admin/deep/x', '/admin/deep/'],
  ['/admin?x=/../y\\%00', '/admin'],
  ['/a//b', '/'],
  ['/a%2fb', '/'],
  ['/caf%C3%A9', '/'],
  ['/a;v=1/b', '/'],
  ['/...', '/'],
  ['/a..b', '/'],
  ['/.well-known/x', '/'],
  ['/%E0%A4%A', 'refused'],
])('%s goes to %s', (target, expected) => {
  if (expected === 'refused') expect(() => table.find(target)).toThrow();
  else expect(table.find(target).rule?.prefix).toBe(expected);
});

test.each([
  '//admin',
  '/%61dmin',
  '/%2561dmin',
  '/%25%36%31dmin',
  '/x/../admin',
  '/x/..',
  '/./admin',
  '/%2e/admin',
  '/x/%2e%2e/admin',
  '/x/%2E./admin',
  '/x%2f..%2fadmin',
  '/x/%252e%252e/admin',
  '/x/..;/admin',
  '/x/..;a=b/admin',
  '/%2fadmin',
  '/%5cadmin',
  '/x\\..\\admin',
  '\\admin',
  '/x/..%5cadmin',
  '/;x/admin',
  '/;/admin',
  '/%3b/admin',
  '/admin#x',
  '/x?y#z',
  '/a%00',
  '/a%2500',
  '/a%zz',
  '/a%',
  '/a b',
  '/\u00e9',
  'admin',
  '',
  '/%25252525252561dmin',
])('%s is refused, because it could be read as another rule or leaves the path', (target) => {
  expect(() => table.find(target)).toThrow(expect.objectContaining({ code: 'bad_request_target' }));
});

test('a path that no rule begins is refused only when decoding would reach one', () => {
  const narrow = createRuleTable([rule('/admin')]);
  expect(narrow.find('/x%20y').rule).toBeNull();
  expect(() => narrow.find('/%61dmin')).toThrow();
});

test('a prefix that holds escapes is reached by its own spelling', () => {
  const escaped = createRuleTable([rule('/'), rule('/caf%C3%A9')]);
  expect(escaped.find('/caf%C3%A9/x').rule?.prefix).toBe('/caf%C3%A9');
  expect(() => escaped.find('/caf%c3%a9/x')).toThrow();
});

test('a target that is plain at the first look is judged as by all looks', () => {
  // A prefix with an escape makes the table look at every target in all ways.
  const thorough = createRuleTable([rule('/'), rule('/a'), rule('/a/b/'), rule('/never%41')]);
  const quick = createRuleTable([rule('/'), rule('/a'), rule('/a/b/')]);
  const outcome = (one: typeof table, target: string) => {
    try {
      const { path, rule: found } = one.find(target);
      return `${path} ${found?.prefix}`;
    } catch {
      return 'refused';
    }
  };
  const targets = fc.array(fc.constantFrom(...'//aab.%;\\?#2f5c\0 ~é'), { maxLength: 12 });
  fc.assert(
    fc.property(targets, (characters) => {
      const target = `/${characters.join('')}`;
      expect(outcome(quick, target)).toBe(outcome(thorough, target));
    }),
    { numRuns: 5_000 },
  );
});
