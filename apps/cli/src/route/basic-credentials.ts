import { createHash } from 'node:crypto';
import { usageFailure } from '../cli-failure.ts';

/**
 * Reads one `user=password` and hashes the password as the descriptor wants it: `sha256:` and the unsalted digest in
 * base64 (KX39). The plain password goes no further, not even into a message.
 */
export function hashCredentials(text: string): { user: string; hash: string } {
  const equals = text.indexOf('=');
  if (equals <= 0 || equals === text.length - 1) {
    throw usageFailure('--http-basic-credentials needs USER=PASSWORD');
  }
  const digest = createHash('sha256')
    .update(text.slice(equals + 1), 'utf8')
    .digest('base64');
  return { user: text.slice(0, equals), hash: `sha256:${digest}` };
}
