import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { grownBy } from '../testing/grown-by.ts';
import { UnreadAnswer, watchUnreadAnswers } from './unread-answers.ts';

const IDLE_MS = 1_000;

class Answer extends UnreadAnswer {
  bytes = 10;
  cuts = 0;

  unreadBytes(): number {
    return this.bytes;
  }

  cut(): void {
    this.cuts += 1;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('only an answer of which nothing was taken from one look to the next is cut, whoever came and went', () => {
  const unread = watchUnreadAnswers(IDLE_MS);
  const [stuck, taken, gone, late] = [new Answer(), new Answer(), new Answer(), new Answer()];
  for (const answer of [gone, taken, stuck]) unread.watch(answer);
  vi.advanceTimersByTime(IDLE_MS);
  unread.forget(gone);
  unread.forget(gone);
  taken.bytes = 5;
  unread.watch(late);
  vi.advanceTimersByTime(IDLE_MS);
  expect([stuck, taken, gone, late].map(({ cuts }) => cuts)).toEqual([1, 0, 0, 0]);
  unread.close();
});

test('answers that come and go leave nothing behind that young collections cannot take', () => {
  const unread = watchUnreadAnswers(IDLE_MS);
  const open: Answer[] = [];
  const grown = grownBy(() => {
    const answer = new Answer();
    unread.watch(answer);
    open.push(answer);
    const gone = open.length > 64 ? open.shift() : undefined;
    if (gone !== undefined) unread.forget(gone);
  });
  unread.close();
  expect(grown).toBeLessThan(1);
});
