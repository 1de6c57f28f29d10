import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startProgress } from './progress.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function record() {
  const written: string[] = [];
  return { written, stream: { write: (text: string) => written.push(text) } };
}

test('a wait that is over soon shows nothing', () => {
  const { written, stream } = record();
  const progress = startProgress(stream, { terminal: true, columns: 80 }, 'waiting');
  vi.advanceTimersByTime(300);
  progress.stop();
  vi.advanceTimersByTime(5000);
  expect(written).toEqual([]);
});

test('on a terminal a sign moves in one line, which is gone in the end', () => {
  const { written, stream } = record();
  const progress = startProgress(stream, { terminal: true, columns: 12 }, 'waiting for the edge');
  vi.advanceTimersByTime(650);
  progress.stop();
  progress.stop();
  expect(written).toEqual([
    '\r\u001b[K⠋ waiting f',
    '\r\u001b[K⠙ waiting f',
    '\r\u001b[K⠹ waiting f',
    '\r\u001b[K',
  ]);
});

test('elsewhere each thing waited for is one plain line', () => {
  const { written, stream } = record();
  const progress = startProgress(stream, { terminal: false, columns: Number.POSITIVE_INFINITY }, 'one');
  vi.advanceTimersByTime(4000);
  progress.update('two');
  vi.advanceTimersByTime(1000);
  progress.stop();
  expect(written).toEqual(['one\n', 'two\n']);
});
