import { hash } from 'node:crypto';
import { EDGE_LIMITS } from '../limits.ts';
import { kept, Lru } from '../lru.ts';

const HASHES = new WeakMap<Buffer, string>();

/** Leaves that were seen lately, by their hash. */
const LEAVES = new Lru<Buffer>(EDGE_LIMITS.admittedPathsMax);

/**
 * SHA-256 of a certificate, base64. Made once for a buffer, whose bytes must not change any more: several things are found by it while
 * one connection is admitted.
 */
export function derHash(der: Buffer): string {
  const known = HASHES.get(der);
  if (known !== undefined) return known;
  const made = hash('sha256', der, 'base64');
  HASHES.set(der, made);
  return made;
}

/**
 * A leaf in memory of its own, which is the same for all connections of a client: they need no copy each, and what is found by it
 * is found without hashing it anew.
 */
export function knownLeaf(der: Buffer): Buffer {
  const made = hash('sha256', der, 'base64');
  return kept(LEAVES, made, () => {
    const copy = Buffer.allocUnsafeSlow(der.length);
    der.copy(copy);
    HASHES.set(copy, made);
    return copy;
  });
}
