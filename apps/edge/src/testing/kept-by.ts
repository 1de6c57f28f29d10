import v8 from 'node:v8';
import vm from 'node:vm';

/** Bytes of heap that are still in use after `work`, of which nothing can be collected any more. */
export function keptBy(work: () => void): number {
  v8.setFlagsFromString('--expose-gc');
  const collect: () => void = vm.runInNewContext('gc');
  collect();
  const before = v8.getHeapStatistics().used_heap_size;
  work();
  collect();
  return v8.getHeapStatistics().used_heap_size - before;
}
