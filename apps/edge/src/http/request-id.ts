import { randomBytes } from 'node:crypto';

const ID_BYTES = 12;
const ID_CHARS = 16;
/** One call into the random generator costs more than an id; this many are drawn at once. */
const DRAWN_AT_ONCE = 256;
let drawn = '';
let used = 0;

/** A new request id: 16 characters of base64url from 96 random bits; stands in problems and the access log. */
export function newRequestId(): string {
  if (used === drawn.length) {
    drawn = randomBytes(ID_BYTES * DRAWN_AT_ONCE).toString('base64url');
    used = 0;
  }
  used += ID_CHARS;
  return drawn.slice(used - ID_CHARS, used);
}
