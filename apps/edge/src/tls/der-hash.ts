import { hash } from 'node:crypto';
import { kept, Lru } from '../lru.ts';

const HASHES = new WeakMap<Buffer, string>();

/** Leaves kept, and bytes of each: strangers send what they like, 4 MiB in all at most. Common leaves have 1 to 2 KiB. */
const LEAVES_MAX = 1_000;
const LEAF_BYTES_MAX = 4 * 1024;

/** Leaves that were seen lately, by their hash. */
const LEAVES = new Lru<Buffer>(LEAVES_MAX);

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
 * A leaf in memory of its own, which is the same for all connections of a client, but for what is too large or was too long ago: they need
 * no copy each, and what is found by it is found without hashing it anew.
 */
export function knownLeaf(der: Buffer): Buffer {
  const made = hash('sha256', der, 'base64');
  const copy = (): Buffer => {
    const own = Buffer.allocUnsafeSlow(der.length);
    der.copy(own);
    HASHES.set(own, made);
    return own;
  };
  return der.length > LEAF_BYTES_MAX ? copy() : kept(LEAVES, made, copy);
}
