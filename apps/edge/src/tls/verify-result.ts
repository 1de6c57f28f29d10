import type { TLSSocket } from 'node:tls';

/** OpenSSL's own word on the peer's certificate; `code` is its name for the error, like CERT_HAS_EXPIRED. */
export type VerifyResult = { readonly good: true } | { readonly good: false; readonly code: string };

interface InternalHandle {
  verifyError?: () => unknown;
}

/**
 * Reads OpenSSL's verdict of a finished handshake.
 *
 * Node offers it for sockets of a tls.Server only (`authorized` stays false on an own TLSSocket), so this reads the internal
 * handle; it is the one place that does, and tls/self-test.ts proves at start that it still tells good from bad. Where it
 * cannot be read the answer is not good. "Good" says nothing about whether the peer sent a certificate at all.
 */
export function readVerifyResult(socket: TLSSocket): VerifyResult {
  const handle = (socket as unknown as { _handle?: InternalHandle | null })._handle;
  if (handle === undefined || handle === null || typeof handle.verifyError !== 'function') {
    return { good: false, code: 'VERDICT_UNAVAILABLE' };
  }
  const error = handle.verifyError();
  if (error === undefined || error === null) return { good: true };
  const code = (error as { code?: unknown }).code;
  return { good: false, code: typeof code === 'string' && code !== '' ? code : 'VERDICT_UNAVAILABLE' };
}
