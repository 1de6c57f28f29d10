import { expect, test } from 'vitest';
import { parseLabelSelector } from './label-selector.ts';
import { LIMITS } from './limits.ts';

test.each([
  ['a=b', [{ operator: 'in', key: 'a', values: ['b'] }]],
  [' a == b ', [{ operator: 'in', key: 'a', values: ['b'] }]],
  ['a!=b', [{ operator: 'notIn', key: 'a', values: ['b'] }]],
  ['a=', [{ operator: 'in', key: 'a', values: [''] }]],
  ['a in (b, c,b)', [{ operator: 'in', key: 'a', values: ['b', 'c'] }]],
  ['a notin(b)', [{ operator: 'notIn', key: 'a', values: ['b'] }]],
  ['a', [{ operator: 'exists', key: 'a' }]],
  ['!acme.org/team', [{ operator: 'absent', key: 'acme.org/team' }]],
  [
    'in in (in),notin',
    [
      { operator: 'in', key: 'in', values: ['in'] },
      { operator: 'exists', key: 'notin' },
    ],
  ],
  [
    'a=b,c!=d,e,!f,g in (h,i)',
    [
      { operator: 'in', key: 'a', values: ['b'] },
      { operator: 'notIn', key: 'c', values: ['d'] },
      { operator: 'exists', key: 'e' },
      { operator: 'absent', key: 'f' },
      { operator: 'in', key: 'g', values: ['h', 'i'] },
    ],
  ],
  ['', []],
])('"%s" is read as kubectl reads it', (text, requirements) => {
  expect(parseLabelSelector(text)).toEqual({ requirements });
});

test.each([
  'a=b=c',
  ',a',
  'a,',
  'a in b',
  'a in (b',
  'a in (b))',
  'A=b',
  'a=b c',
  '=b',
  '!',
  'a"=b',
  "a='b'",
  '!a=b',
  'a>1',
])('"%s" is refused, with the forms that are understood', (text) => {
  expect(parseLabelSelector(text)).toEqual({ problem: expect.stringContaining('write a=b, a!=b') });
});

test('what is too long or has too many conditions is refused', () => {
  expect(parseLabelSelector('a'.repeat(LIMITS.labelSelectorCharsMax + 1))).toHaveProperty('problem');
  const many = Array.from({ length: LIMITS.labelRequirementsMax + 1 }, () => 'a').join(',');
  expect(parseLabelSelector(many)).toHaveProperty('problem');
  const started = performance.now();
  parseLabelSelector(`${'a,('.repeat(1365)}`);
  parseLabelSelector(`a in (${' ,'.repeat(2000)}`);
  expect(performance.now() - started).toBeLessThan(20_000);
});
