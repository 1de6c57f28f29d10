import { expect, test } from 'vitest';
import { findFieldChanges } from './field-changes.ts';
import { LIMITS } from './limits.ts';

test('each deepest place that differs is told with what it was and is', () => {
  const before = { a: 1, b: { c: [1, 2], 'd/e': 'x' }, gone: { f: 1 } };
  const after = { a: 1, b: { c: [1, 3, 4], 'd/e': 'y' }, new: null };
  expect(findFieldChanges(before, after)).toEqual([
    { pointer: '/b/c/1', before: 2, after: 3 },
    { pointer: '/b/c/2', after: 4 },
    { pointer: '/b/d~1e', before: 'x', after: 'y' },
    { pointer: '/gone', before: { f: 1 } },
    { pointer: '/new', after: null },
  ]);
  expect(findFieldChanges(before, structuredClone(before))).toEqual([]);
});

test('password hashes are never told, wherever the difference begins', () => {
  const basic = { realm: 'x', passwordHashes: { ann: 'sha256:1' } };
  expect(findFieldChanges({ spec: { httpBasic: basic } }, { spec: {} })).toEqual([
    {
      pointer: '/spec/httpBasic',
      before: { realm: 'x', passwordHashes: { ann: '***' } },
      masked: true,
    },
  ]);
  const other = { realm: 'x', passwordHashes: { ann: 'sha256:2' } };
  expect(findFieldChanges(basic, other)).toEqual([
    { pointer: '/passwordHashes/ann', before: '***', after: '***', masked: true },
  ]);
});

test('a list and an object in one place, and more places than anyone reads', () => {
  expect(findFieldChanges({ a: [1] }, { a: { 0: 1 } })).toEqual([
    { pointer: '/a', before: [1], after: { 0: 1 } },
  ]);
  const wide = Object.fromEntries(Array.from({ length: 500 }, (_, n) => [`k${n}`, n]));
  expect(findFieldChanges({}, wide)).toHaveLength(LIMITS.fieldChangesMax);
});
