import { PosternError } from '@postern/contracts';

/** Header in which an edge sends its raw X25519 public key (32 bytes, base64url). */
export const EDGE_KEY_HEADER = 'Postern-Edge-Key';

/** Reads the edge's public key of a request; fails with `validation_failed` when it is missing or not 32 bytes. */
export function readEdgeKey(request: Request): string {
  const key = request.headers.get(EDGE_KEY_HEADER) ?? '';
  const bytes = Buffer.from(key, 'base64url');
  if (bytes.length !== 32 || bytes.toString('base64url') !== key) {
    const message = `${EDGE_KEY_HEADER} must be a raw X25519 public key in base64url without padding`;
    throw new PosternError('validation_failed', {
      detail: message,
      findings: [{ severity: 'error', code: 'edge_key', message, pointer: '' }],
    });
  }
  return key;
}
