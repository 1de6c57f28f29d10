import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { mergeYaml } from './merge-yaml.ts';

const FORMER = `# mine
current: prod # the busy one

contexts:
  # production
  - name: prod
    url: https://a.example.org # with a slash?
    token: one
  - name: test
    url: https://b.example.org
    token: two
`;
const prod = { name: 'prod', url: 'https://a.example.org', token: 'one' };
const other = { name: 'test', url: 'https://b.example.org', token: 'two' };

test('comments, blank lines and order survive a change, an addition, a renaming and a deletion', () => {
  const changed = mergeYaml(FORMER, {
    current: 'test',
    contexts: [{ ...prod, project: 'shop' }, other, { name: 'new', url: 'http://x' }],
  });
  expect(changed).toBe(`# mine
current: test # the busy one

contexts:
  # production
  - name: prod
    url: https://a.example.org # with a slash?
    token: one
    project: shop
  - name: test
    url: https://b.example.org
    token: two
  - name: new
    url: http://x
`);
  const renamed = mergeYaml(FORMER, { current: 'eu', contexts: [{ ...prod, name: 'eu' }, other] });
  expect(renamed).toBe(FORMER.replace('current: prod', 'current: eu').replace('name: prod', 'name: eu'));
  const less = mergeYaml(FORMER, { contexts: [other] });
  expect(less).toContain('# mine');
  expect(parse(less)).toEqual({ contexts: [other] });
});

test.each([
  ['nothing', ''],
  ['a comment', '# only this\n'],
  ['an empty list', 'contexts: []\n'],
  ['no YAML', 'a: [\n'],
  ['another kind of value', '- 1\n'],
])('%s before gives the same value as a new file, one item a line', (_, former) => {
  const merged = mergeYaml(former, { current: 'prod', contexts: [prod, other] });
  expect(parse(merged)).toEqual({ current: 'prod', contexts: [prod, other] });
  expect(merged).toContain('  - name: test\n');
  if (former.startsWith('#')) expect(merged).toContain('# only this');
});
