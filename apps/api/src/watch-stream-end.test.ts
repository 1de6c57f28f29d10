import { expect, test } from 'vitest';
import { watchStreamEnd } from './watch-stream-end.ts';

test('an aborted signal counts a reader out that stands still, once, and one that came too late', () => {
  const ends: string[] = [];
  const stop = new AbortController();
  const open = (name: string) => watchStreamEnd(new ReadableStream(), () => ends.push(name), stop.signal);
  const stalled = open('stalled').getReader();
  stop.abort();
  expect(ends).toEqual(['stalled']);
  open('late');
  expect(ends).toEqual(['stalled', 'late']);
  return stalled.cancel().then(() => expect(ends).toEqual(['stalled', 'late']));
});
