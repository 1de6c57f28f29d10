import { createHash, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { derHash, knownLeaf } from './der-hash.ts';

test('a leaf is one memory of its own for all who show it, whatever becomes of where it was read', () => {
  const read = randomBytes(900);
  const bytes = Buffer.from(read);
  const leaf = knownLeaf(read.subarray(0, 800));
  expect(knownLeaf(bytes.subarray(0, 800))).toBe(leaf);
  read.fill(0);
  expect(leaf).toEqual(bytes.subarray(0, 800));
  expect(leaf.buffer.byteLength).toBe(800);
  expect(derHash(leaf)).toBe(createHash('sha256').update(leaf).digest('base64'));
  expect(knownLeaf(bytes.subarray(0, 799))).not.toEqual(leaf);
});

test('what strangers show fills no memory: large leaves are not kept, and of small ones a thousand', () => {
  const large = randomBytes(5_000);
  expect(knownLeaf(large)).toEqual(large);
  expect(knownLeaf(large)).not.toBe(knownLeaf(large));
  const small = randomBytes(100);
  const first = knownLeaf(small);
  for (let count = 0; count < 1_000; count += 1) knownLeaf(randomBytes(100));
  expect(knownLeaf(small)).not.toBe(first);
  expect(knownLeaf(small)).toEqual(first);
});
