import { expect, test } from 'vitest';
import { certificateProgress } from './certificate-progress.ts';
import { progressBar } from './progress-bar.ts';

test('a bar is as long for one as for a thousand, and full only when all is done', () => {
  expect(progressBar(0, 1000)).toBe('[--------------------] 0/1000');
  expect(progressBar(250, 1000)).toBe('[#####---------------] 250/1000');
  expect(progressBar(999, 1000)).toBe('[###################-] 999/1000');
  expect(progressBar(1000, 1000)).toBe('[####################] 1000/1000');
  expect(progressBar(0, 0)).toBe('[####################] 0/0');
});

test('what is got says how far it is, and after which failure it is tried again', () => {
  const lastError = { code: 'rate_limited', detail: 'd', problemType: null, at: '' } as const;
  expect(certificateProgress('a', { state: 'ordering', attempts: 2, lastError })).toBe(
    '[##########----------] 1/2 a: its certificate is being ordered, attempt 3 after rate_limited',
  );
  expect(certificateProgress('a', { state: 'pending', attempts: 0, lastError: null })).toBe(
    '[--------------------] 0/2 a: its certificate is wanted',
  );
});
