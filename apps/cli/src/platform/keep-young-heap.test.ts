import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const PROGRAM = `
  import { getHeapSpaceStatistics } from 'node:v8';
  const { keepYoungHeap } = await import(${JSON.stringify(new URL('./keep-young-heap.ts', import.meta.url).href)});
  keepYoungHeap();
  const kept = [];
  for (let n = 0; n < 3_000_000; n += 1) kept[n % 100_000] = { n, text: String(n) };
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  console.log(young.space_size / 2 ** 20);
`;

test('what outlives many collections does not make the heap of young objects grow', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', PROGRAM]);
  // 64 to 128 where it is left alone.
  expect(Number(stdout)).toBeLessThanOrEqual(8);
});
