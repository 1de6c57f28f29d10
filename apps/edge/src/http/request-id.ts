import { randomBytes } from 'node:crypto';

/** A new request id: 16 characters of base64url from 96 random bits; stands in problems and the access log. */
export function newRequestId(): string {
  return randomBytes(12).toString('base64url');
}
