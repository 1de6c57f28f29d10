import { expect, test } from 'vitest';
import { ConditionTimes } from './condition-times.ts';

test('a condition keeps its time while its reason stays, and gets a new one with another reason', () => {
  const times = new ConditionTimes();
  expect(times.observe('route-1', 'CertificatePending', 1000)).toBe(1000);
  expect(times.observe('route-1', 'CertificatePending', 2000)).toBe(1000);
  expect(times.observe('route-1', 'Ready', 3000)).toBe(3000);
  expect(times.observe('route-2', 'Ready', 3500)).toBe(3500);
  expect(times.observe('route-1', 'Ready', 4000)).toBe(3000);
});
