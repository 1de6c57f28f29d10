import type { Log } from '@postern/contracts';
import { beforeEach, expect, test } from 'vitest';
import { LOAD_CHECK_MS, LoadMonitor, type MemoryReading } from './load-monitor.ts';

let nowMs: number;
let memory: MemoryReading;
let readsMemory: () => MemoryReading;
let exhausted: number;
let lines: string[];
let monitor: LoadMonitor;

beforeEach(() => {
  nowMs = 0;
  memory = { rss: 100, heapUsed: 10, heapMax: 1_000 };
  readsMemory = () => memory;
  exhausted = 0;
  lines = [];
  const keep = (_: object, message: string) => void lines.push(message);
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
  monitor = new LoadMonitor({
    ...{ memoryBytes: 1_000, requestsMax: 2, lagMs: 500, now: () => nowMs, log },
    readMemory: () => readsMemory(),
    onExhausted: () => {
      exhausted += 1;
    },
  });
});

/** What a request meets, as of which nothing is under way any more. */
function ask(): string | null {
  const reason = monitor.begin();
  monitor.end();
  return reason;
}

function look(lateMs = 0): void {
  nowMs += LOAD_CHECK_MS + lateMs;
  monitor.look();
}

test.each<[string, Partial<MemoryReading>, Partial<MemoryReading>]>([
  ['the whole process', { rss: 850 }, { rss: 799 }],
  ['the heap', { heapUsed: 850 }, { heapUsed: 799 }],
])(
  'requests are refused before the memory of %s is full, and served again once there is room',
  (_, much, less) => {
    look();
    expect(ask()).toBeNull();
    memory = { ...memory, ...much };
    look();
    expect([ask(), monitor.isFull]).toEqual(['memory', false]);
    memory = { rss: 820, heapUsed: 820, heapMax: 1_000 };
    look();
    expect(ask()).toBe('memory');
    memory = { rss: 100, heapUsed: 10, heapMax: 1_000, ...less };
    look();
    expect(ask()).toBeNull();
    expect(lines).toEqual(['requests are refused: the worker is overloaded', 'requests are served again']);
  },
);

test('connections are refused as well when next to nothing is left', () => {
  memory = { ...memory, rss: 950 };
  look();
  expect(monitor.isFull).toBe(true);
});

test('an event loop that stays late refuses requests; one that was late now and then does not', () => {
  for (let round = 0; round < 5; round += 1) {
    for (let late = 0; late < 3; late += 1) look(5_000);
    expect(ask()).toBeNull();
    look(499);
  }
  for (let late = 0; late < 4; late += 1) look(501);
  expect(ask()).toBe('event_loop');
  look();
  expect(ask()).toBeNull();
});

test('only so many requests are under way at once', () => {
  expect([monitor.begin(), monitor.begin(), monitor.begin()]).toEqual([null, null, 'requests']);
  for (let n = 0; n < 2; n += 1) monitor.end();
  expect(monitor.begin()).toBeNull();
});

test('memory that a minute of refusing does not free is told of, once', () => {
  memory = { ...memory, rss: 900 };
  look();
  look(59_000);
  expect(exhausted).toBe(0);
  look(1_000);
  look(60_000);
  expect(exhausted).toBe(1);
});

test('where memory cannot be read, since no descriptor is left, what was read last holds', () => {
  look();
  memory = { ...memory, rss: 900 };
  look();
  expect(ask()).toBe('memory');
  readsMemory = () => {
    throw new Error('EMFILE: too many open files, uv_resident_set_memory');
  };
  look();
  expect(ask()).toBe('memory');
});
