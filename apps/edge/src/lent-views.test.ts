import { expect, test } from 'vitest';
import { LentViews } from './lent-views.ts';

test('a view shows what the memory holds at the time, of exactly the length that was asked for', () => {
  const memory = Buffer.alloc(10_000, 'a');
  const views = new LentViews(memory);
  for (const bytes of [0, 1, 2_047, 2_048, 2_049, 10_000, 1]) {
    memory.fill('a');
    expect(views.of(bytes).toString()).toBe('a'.repeat(bytes));
    memory.fill('b');
    expect(views.of(bytes).toString()).toBe('b'.repeat(bytes));
  }
});
