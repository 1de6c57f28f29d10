import { PosternError } from '@postern/contracts/plain';

const TLS_CODE =
  /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|INVALID_CA|INVALID_PURPOSE|HOSTNAME_MISMATCH|PATH_LENGTH|EPROTO)/;

/** A connection that had served before was closed by the upstream before it answered this request: a race, not a fault. */
export class StaleConnectionError extends Error {
  override readonly name = 'StaleConnectionError';
}

/** Problems that speak against a target: it is left alone for a while. Slow answers and what the caller did wrong do not. */
const FAILINGS = new Set(['upstream_refused', 'upstream_timeout', 'upstream_tls_failed', 'upstream_invalid']);

/** Whether an error before the response head counts as a failure of its target. */
export function isFailing(error: unknown): boolean {
  return error instanceof PosternError && FAILINGS.has(error.code);
}

/** What went wrong on the way to a target, before a response head came, as a problem that says it was the upstream. */
export function problemOfUpstream(error: unknown, target: string, connected: boolean): PosternError {
  if (error instanceof PosternError) return error;
  // What Node finds wrong with a request before it sends anything is no fault of the target.
  if (error instanceof TypeError) return new PosternError('internal', { context: { target }, cause: error });
  const code = codeOf(error);
  const options = { context: { target, upstreamCode: code }, cause: error };
  if (TLS_CODE.test(code)) {
    return new PosternError('upstream_tls_failed', {
      ...options,
      detail: 'The upstream and Postern could not agree on a trusted TLS connection.',
    });
  }
  if (code === 'ETIMEDOUT') {
    return new PosternError('upstream_timeout', {
      ...options,
      detail: 'The upstream did not accept a connection in time.',
    });
  }
  if (!connected) {
    return new PosternError('upstream_refused', {
      ...options,
      detail: 'The upstream could not be reached: no target of the service accepts connections.',
    });
  }
  return new PosternError('upstream_invalid', {
    ...options,
    detail: 'The upstream broke off, or did not speak HTTP, before its response head was complete.',
  });
}

/** The `code` of a Node error, or its name. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0 && !('code' in error))
    return codeOf(error.errors[0]);
  if (error instanceof Error)
    return 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  return 'unknown';
}

/** The problem of a target that does not connect, or does not answer, within its time. Milliseconds. */
export function upstreamTimeout(what: 'connect' | 'head', limitMs: number, target: string): PosternError {
  return new PosternError('upstream_timeout', {
    detail:
      what === 'connect'
        ? `The upstream did not accept a connection within ${limitMs} ms.`
        : `The upstream did not send a response head within ${limitMs} ms.`,
    context: { target },
  });
}
