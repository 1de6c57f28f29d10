import v8 from 'node:v8';
import vm from 'node:vm';

const ROUNDS = 3;
const TIMES = 64_000;
const TIMES_BETWEEN_COLLECTIONS = 1_000;

/**
 * Bytes of heap for each time that `once` was called, when only the young objects were collected meanwhile, as under load: what is kept by
 * old garbage counts. The least of some rounds of so many `times`, since the process of a test does other things as well.
 */
export function grownBy(once: (number: number) => void, times = TIMES): number {
  v8.setFlagsFromString('--expose-gc');
  // Or the engine takes to making what often grew old in other tests among the old, where no young collection takes it.
  v8.setFlagsFromString('--no-allocation-site-pretenuring');
  const collect: (options?: { type: 'minor' }) => void = vm.runInNewContext('gc');
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    collect();
    const before = v8.getHeapStatistics().used_heap_size;
    for (let number = 0; number < times; number += 1) {
      once(round * times + number);
      if (number % TIMES_BETWEEN_COLLECTIONS === 0) collect({ type: 'minor' });
    }
    collect({ type: 'minor' });
    return (v8.getHeapStatistics().used_heap_size - before) / times;
  });
  return Math.min(...rounds);
}
