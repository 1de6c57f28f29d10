import { expect, test } from 'vitest';
import { FloodLog } from './flood-log.ts';

test('who floods again and again is turned away for a while, and nobody else is', () => {
  let nowMs = 0;
  const log = new FloodLog({ floodsMax: 2, floodMemoryMs: 100, now: () => nowMs });
  log.note('2001:db8::1');
  expect(log.isShut('2001:db8::1')).toBe(false);
  nowMs = 60;
  log.note('2001:db8::2');
  expect(log.isShut('2001:db8::3')).toBe(true);
  expect(log.isShut('192.0.2.1')).toBe(false);
  nowMs = 101;
  expect(log.isShut('2001:db8::1')).toBe(false);
  log.note('2001:db8::1');
  expect(log.isShut('2001:db8::1')).toBe(true);
});

test('addresses that are remembered are bounded', () => {
  const log = new FloodLog({ floodsMax: 1, floodMemoryMs: 100, now: () => 0 });
  for (let n = 0; n <= 10_000; n += 1) log.note(`10.0.${n >> 8}.${n & 255}`);
  expect([log.isShut('10.0.0.0'), log.isShut('10.0.0.1')]).toEqual([false, true]);
});
