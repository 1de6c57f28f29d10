import { expect, test } from 'vitest';
import { BackOff } from './back-off.ts';

test('waits double from 1 s to 1 h, with up to half as much again at random', () => {
  const even = new BackOff(() => 0);
  const waits = Array.from({ length: 40 }, () => even.failed('a', 0));
  expect(waits.slice(0, 4)).toEqual([1000, 2000, 4000, 8000]);
  expect(waits.slice(12)).toEqual(Array.from({ length: 28 }, () => 3_600_000));
  const spread = new BackOff(() => 0.999_999);
  expect(spread.failed('a', 0)).toBe(1500);
});

test('a key waits until its time, alone, and starts anew after success', () => {
  const backOff = new BackOff(() => 0);
  backOff.failed('a', 10);
  backOff.failed('b', 500);
  expect([backOff.isWaiting('a', 1009), backOff.isWaiting('a', 1010)]).toEqual([true, false]);
  expect(backOff.isWaiting('c', 0)).toBe(false);
  expect([0, 1010, 1500].map((now) => backOff.nextRetryAt(now))).toEqual([1010, 1500, undefined]);
  backOff.succeeded('a');
  expect(backOff.failed('a', 0)).toBe(1000);
});

test('what is no longer wanted is forgotten', () => {
  const backOff = new BackOff(() => 0);
  backOff.failed('a', 0);
  backOff.failed('b', 0);
  backOff.keepOnly(new Set(['b']));
  expect([backOff.isWaiting('a', 1), backOff.isWaiting('b', 1)]).toEqual([false, true]);
});
