import { hash } from 'node:crypto';

const HASHES = new WeakMap<Buffer, string>();

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
