import { expect, test } from 'vitest';
import { coversHost } from './host-coverage.ts';

test.each([
  [['shop.example.org'], 'shop.example.org', true],
  [['SHOP.example.org.'], 'shop.example.org', true],
  [['*.example.org'], 'shop.example.org', true],
  [['*.example.org'], 'example.org', false],
  [['*.example.org'], 'a.shop.example.org', false],
  [['*.example.org'], '*.example.org', true],
  [['shop.example.org'], '*.example.org', false],
  [['*.org'], '*.example.org', false],
  [['sh*.example.org', '*', '*.*.org'], 'shop.example.org', false],
  [[], 'shop.example.org', false],
])('%j covers %s: %s', (names, host, covered) => {
  expect(coversHost(names, host)).toBe(covered);
});
