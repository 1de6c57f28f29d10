import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startDueWork } from './due-work.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Leases that are all free, and a listener that nothing tells. */
const store = { acquireLease: async () => true, releaseLease: async () => {}, onWrite: () => () => {} };

/** Works on rows that stay due; gives how often each was worked on. */
function workOn(rows: readonly string[], work: (row: string) => void, atOnceMax = 1) {
  const done: string[] = [];
  const failures: unknown[] = [];
  const worker = startDueWork<string>({
    ...{ store, atOnceMax, leaseMs: 1000, now: () => Date.now(), leaseOf: (row) => row },
    listDue: async () => rows.filter((row) => !done.includes(row)),
    nextDueAt: async () => 0,
    work: async (row) => {
      work(row);
      done.push(row);
    },
    onFailure: (error, row) => failures.push(row ?? error),
  });
  return { worker, done, failures };
}

test('a row whose work fails is tried once a second, and holds up no other', async () => {
  const { worker, done, failures } = workOn(['bad', 'good', 'better'], (row) => {
    if (row === 'bad') throw new Error('it is bad');
  });
  await vi.advanceTimersByTimeAsync(10);
  expect({ done, failures }).toEqual({ done: ['good', 'better'], failures: ['bad'] });
  await vi.advanceTimersByTimeAsync(4500);
  expect(failures).toEqual(['bad', 'bad', 'bad', 'bad', 'bad']);
  await worker.stop();
});

test('a worker that is stopped begins no other row', async () => {
  const stops: Promise<void>[] = [];
  const { worker, done } = workOn(['first', 'second'], () => void stops.push(worker.stop()));
  await vi.advanceTimersByTimeAsync(2000);
  await Promise.all(stops);
  expect(done).toEqual(['first']);
});
