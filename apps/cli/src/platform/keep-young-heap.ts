import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the heap of young objects at the size that it has; to be called before anything large is loaded. Left to itself it grows to 128 MiB while
 * a process starts, is given back minutes later and taken again step by step, which looks like a leak. Requests leave garbage that is dead
 * at the next collection, however soon that comes: neither a write nor a first sync takes more CPU time (docs/scale.md).
 */
export function keepYoungHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
