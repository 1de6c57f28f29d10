import type { TLSSocket } from 'node:tls';

/** OpenSSL's own word on the peer's certificate; `code` is Node's name for the error, like CERT_HAS_EXPIRED. */
export type VerifyResult =
  | { readonly good: true }
  /** `detail` is for people: many errors have no name of their own in Node (UNSPECIFIED), but all have words. */
  | { readonly good: false; readonly code: string; readonly detail: string };

const UNAVAILABLE: VerifyResult = {
  good: false,
  code: 'VERDICT_UNAVAILABLE',
  detail: 'this Node does not tell what OpenSSL says of the certificate',
};

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
    return UNAVAILABLE;
  }
  const error = handle.verifyError();
  if (error === undefined || error === null) return { good: true };
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== 'string' || code === '') return UNAVAILABLE;
  return { good: false, code, detail: typeof message === 'string' ? `${code}: ${message}` : code };
}
