import { expect, test } from 'vitest';
import { backOffMs } from './back-off.ts';

const waits = (reason: 'dns_unresolvable' | 'challenge_failed', random = 0) =>
  Array.from({ length: 40 }, (_, n) => backOffMs(n + 1, reason, () => random));

test('waits grow from 1 s to 1 h: by two, or by four where a failure costs the CA an order', () => {
  expect(waits('dns_unresolvable').slice(0, 5)).toEqual([1000, 2000, 4000, 8000, 16_000]);
  expect(waits('challenge_failed').slice(0, 5)).toEqual([1000, 4000, 16_000, 64_000, 256_000]);
  expect(waits('dns_unresolvable').slice(12)).toEqual(Array.from({ length: 28 }, () => 3_600_000));
});

test('up to half as much again is added at random', () => {
  expect(waits('dns_unresolvable', 0.999_999).slice(0, 2)).toEqual([1500, 3000]);
});
