import type { PosternError } from '@postern/contracts';
import { expect } from 'vitest';

/** Asserts that work is refused with a problem code, and gives the error. */
export async function refusal(work: Promise<unknown>, code: string): Promise<PosternError> {
  const error: unknown = await work.then(
    () => 'nothing was refused',
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'PosternError', code });
  return error as PosternError;
}
