import { PosternError } from '@postern/contracts';
import { expect, test } from 'vitest';
import { retryOnConflict } from './retry-on-conflict.ts';

function attempts(...outcomes: (PosternError | string)[]) {
  let count = 0;
  const attempt = async (): Promise<string> => {
    const outcome = outcomes[count] ?? 'too often';
    count += 1;
    if (outcome instanceof PosternError) throw outcome;
    return outcome;
  };
  return { attempt, count: () => count };
}

const conflict = new PosternError('version_conflict');

test('one conflict is tried again, with everything read anew', async () => {
  const { attempt, count } = attempts(conflict, 'written');
  expect(await retryOnConflict(attempt)).toBe('written');
  expect(count()).toBe(2);
});

test('a second conflict is the caller’s', async () => {
  const { attempt, count } = attempts(conflict, conflict, 'written');
  await expect(retryOnConflict(attempt)).rejects.toBe(conflict);
  expect(count()).toBe(2);
});

test('no other failure is tried again', async () => {
  const taken = new PosternError('hostname_taken');
  const { attempt, count } = attempts(taken, 'written');
  await expect(retryOnConflict(attempt)).rejects.toBe(taken);
  expect(count()).toBe(1);
});
