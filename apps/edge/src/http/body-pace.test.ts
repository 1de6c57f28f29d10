import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { BodyPace } from './body-pace.ts';

let slow: { who: string; atMs: number }[];
let startedAt: number;
let pace: BodyPace;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setImmediate', 'performance'] });
  slow = [];
  startedAt = performance.now();
});
afterEach(() => {
  pace.stop();
  // Nobody looks any more when nothing is watched.
  vi.advanceTimersByTime(1_000);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

/** 100 bytes a second, 10 s of grace, 60 s of idle time. */
function start(): BodyPace {
  const lookedAtMs = () => Math.floor((performance.now() - startedAt) / 100) * 100;
  const onSlow = (who: string) => void slow.push({ who, atMs: lookedAtMs() });
  pace = new BodyPace({ bytesPerSecondMin: 100, graceMs: 10_000, idleMs: 60_000, onSlow });
  return pace;
}

test('a client that sends nothing has the grace', () => {
  start().clientsTurn();
  vi.advanceTimersByTime(120_000);
  expect(slow).toEqual([{ who: 'client', atMs: 10_000 }]);
});

test('a client that drips is ended as soon as the grace and what its bytes earned are used up', () => {
  start();
  pace.clientsTurn();
  for (let second = 0; second < 60; second += 1) {
    pace.received(50);
    vi.advanceTimersByTime(1_000);
  }
  // Half the rate: each second costs one and earns a half, the one that comes at the end of the twentieth too.
  expect(slow).toEqual([{ who: 'client', atMs: 20_500 }]);
});

test('a client at the minimum rate goes on for ever', () => {
  start();
  pace.clientsTurn();
  for (let second = 0; second < 3_600; second += 1) {
    vi.advanceTimersByTime(1_000);
    pace.received(100);
  }
  expect(slow).toEqual([]);
});

test('a client that was fast may pause for the idle time, and not longer, however much it has sent', () => {
  start();
  pace.clientsTurn();
  pace.received(100_000_000);
  vi.advanceTimersByTime(59_000);
  expect(slow).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(slow).toEqual([{ who: 'client', atMs: 60_000 }]);
});

test('the turns of the upstream cost the client nothing', () => {
  start();
  pace.clientsTurn();
  for (let round = 0; round < 20; round += 1) {
    pace.received(10);
    pace.upstreamsTurn();
    vi.advanceTimersByTime(50_000);
    pace.clientsTurn();
    vi.advanceTimersByTime(50);
  }
  expect(slow).toEqual([]);
  vi.advanceTimersByTime(12_000);
  expect(slow).toMatchObject([{ who: 'client' }]);
});

test('an upstream that takes nothing for the idle time is told apart', () => {
  start();
  pace.clientsTurn();
  pace.received(1);
  pace.upstreamsTurn();
  vi.advanceTimersByTime(59_000);
  expect(slow).toEqual([]);
  vi.advanceTimersByTime(2_000);
  expect(slow).toEqual([{ who: 'upstream', atMs: 60_000 }]);
});

test('nothing is measured before a turn is given and after the stop', () => {
  start();
  vi.advanceTimersByTime(120_000);
  pace.clientsTurn();
  pace.stop();
  pace.received(1);
  vi.advanceTimersByTime(120_000);
  expect(slow).toEqual([]);
});
