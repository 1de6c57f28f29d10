import { randomFillSync } from 'node:crypto';

const ID_BYTES = 12;
/** One call into the random generator costs more than an id; this many are drawn at once. */
const POOL = Buffer.alloc(ID_BYTES * 256);
let used = POOL.length;

/** A new request id: 16 characters of base64url from 96 random bits; stands in problems and the access log. */
export function newRequestId(): string {
  if (used === POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  used += ID_BYTES;
  return POOL.toString('base64url', used - ID_BYTES, used);
}
