import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { deadlines, Timed } from './deadlines.ts';
import { grownBy } from './testing/grown-by.ts';

class Watched extends Timed {
  calls = 0;
  readonly #then: () => void;

  constructor(deadline: number, then: () => void = () => {}) {
    super();
    this.dueAt(deadline);
    this.#then = then;
  }

  onDeadline(): void {
    this.calls += 1;
    this.#then();
  }
}

/** Milliseconds until the next look, which is made behind what else there is to do at that moment. */
const LOOK_MS = 101;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  // Nobody is watched any more, so that the timer ends with the others.
  vi.advanceTimersByTime(LOOK_MS);
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
});

test('exactly those watched are called behind their deadline, whoever came and went before', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ forget: fc.boolean(), who: fc.nat({ max: 7 }) })), (steps) => {
      const all = Array.from(
        { length: 8 },
        (_, number) => new Watched(number % 2 === 0 ? 0 : Number.POSITIVE_INFINITY),
      );
      const watched = new Set<Watched>();
      for (const { forget, who } of steps) {
        const one = all[who] ?? expect.unreachable();
        if (forget) {
          deadlines.forget(one);
          watched.delete(one);
        } else {
          deadlines.watch(one);
          watched.add(one);
        }
      }
      vi.advanceTimersByTime(LOOK_MS);
      for (const one of all) expect(one.calls).toBe(watched.has(one) && one.deadline === 0 ? 1 : 0);
      for (const one of all) deadlines.forget(one);
      vi.advanceTimersByTime(LOOK_MS);
      expect(vi.getTimerCount()).toBe(0);
    }),
  );
});

test('a postponed deadline counts from the next look, and anew each time it is postponed', () => {
  const one = new Watched(0);
  one.postpone(250);
  deadlines.watch(one);
  vi.advanceTimersByTime(LOOK_MS + 200);
  expect(one.calls).toBe(0);
  one.postpone(250);
  vi.advanceTimersByTime(300);
  expect(one.calls).toBe(0);
  vi.advanceTimersByTime(200);
  expect(one.calls).toBeGreaterThan(0);
  one.calls = 0;
  one.postpone(0);
  one.dueAt(Number.POSITIVE_INFINITY);
  vi.advanceTimersByTime(300);
  expect(one.calls).toBe(0);
  deadlines.forget(one);
  // Without anybody to look after it ends.
  vi.advanceTimersByTime(LOOK_MS);
  expect(vi.getTimerCount()).toBe(0);
});

test('one that forgets itself and others when called leaves nobody out', () => {
  const late = new Watched(0);
  const first = new Watched(0);
  const leaving = new Watched(0, () => {
    deadlines.forget(leaving);
    deadlines.forget(first);
  });
  for (const one of [first, late, leaving]) deadlines.watch(one);
  vi.advanceTimersByTime(LOOK_MS);
  expect([first.calls, late.calls, leaving.calls]).toEqual([0, 1, 1]);
  vi.advanceTimersByTime(LOOK_MS);
  expect([first.calls, late.calls, leaving.calls]).toEqual([0, 2, 1]);
  deadlines.forget(late);
});

test('those that come and go leave nothing behind that young collections cannot take', () => {
  const open: Watched[] = [];
  const grown = grownBy(() => {
    const one = new Watched(0);
    deadlines.watch(one);
    open.push(one);
    const gone = open.length > 64 ? open.shift() : undefined;
    if (gone !== undefined) deadlines.forget(gone);
  });
  for (const one of open) deadlines.forget(one);
  expect(grown).toBeLessThan(1);
});
