import v8 from 'node:v8';
import vm from 'node:vm';

const TIMES = 200_000;
const TIMES_BETWEEN_COLLECTIONS = 1_000;

/**
 * Bytes of heap for each time that `once` was called, when only the young objects were collected meanwhile, as under load: what is kept by
 * old garbage counts.
 */
export function grownBy(once: (number: number) => void): number {
  v8.setFlagsFromString('--expose-gc');
  const collect: (options?: { type: 'minor' }) => void = vm.runInNewContext('gc');
  collect();
  const before = v8.getHeapStatistics().used_heap_size;
  for (let number = 0; number < TIMES; number += 1) {
    once(number);
    if (number % TIMES_BETWEEN_COLLECTIONS === 0) collect({ type: 'minor' });
  }
  collect({ type: 'minor' });
  return (v8.getHeapStatistics().used_heap_size - before) / TIMES;
}
