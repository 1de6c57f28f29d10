import { PosternError } from '@postern/contracts/plain';
import { Http1Error, REQUEST_HEAD_LIMITS } from '@postern/http1';
import { HTTP_LIMITS } from './http-limits.ts';

/** What a client is told of bytes that are not taken for HTTP/1.1. Whatever else was thrown is a fault of the edge. */
export function problemOfBytes(error: unknown): PosternError {
  if (!(error instanceof Http1Error)) return new PosternError('internal', { cause: error });
  const why = error.fault.replaceAll('_', ' ');
  switch (error.status) {
    case 414:
      return new PosternError('target_too_long', {
        detail: `A request target has at most ${REQUEST_HEAD_LIMITS.targetBytesMax} bytes.`,
      });
    case 505:
      return new PosternError('http_version_not_supported', {
        detail: 'HTTP/1.0 and HTTP/1.1 are spoken here, and HTTP/2 where TLS has agreed on it.',
      });
    case 431:
      return new PosternError('request_head_too_large', {
        detail: `A request head has at most ${HTTP_LIMITS.headBytesMax} bytes and ${HTTP_LIMITS.fieldsMax} fields (${why}).`,
      });
    case 417:
      return new PosternError('expectation_failed', { detail: 'Only Expect: 100-continue is supported.' });
    case 501:
      return new PosternError('unsupported_method', {
        detail: 'Requests with this method are not forwarded.',
      });
    default:
      return new PosternError('bad_request', {
        detail: `The request is not well-formed HTTP/1.1 (${why}).`,
      });
  }
}

/** The problem of a head that takes too long. */
export function headTimeout(limitMs: number): PosternError {
  return new PosternError('request_timeout', {
    detail: `A request head must arrive within ${limitMs} ms.`,
  });
}
