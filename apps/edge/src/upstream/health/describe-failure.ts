import { codeOf, problemOfUpstream } from '../upstream-error.ts';
import type { CheckFailure } from './check-record.ts';

/** Characters of a message in a report. */
const MESSAGE_CHARS_MAX = 200;

/** A check that was answered, but not with what a healthy target answers. */
export class CheckRefused extends Error {
  override readonly name = 'CheckRefused';
}

/** Puts the failure of a check in words for the owner of the service. Addresses that names resolve to are not told. */
export function describeFailure(error: unknown, target: string): CheckFailure {
  if (error instanceof CheckRefused) return failure('check_failed', error.message);
  const problem = problemOfUpstream(error, target, false);
  const { cause } = problem;
  const code = cause === undefined ? '' : ` (${codeOf(cause)})`;
  switch (problem.code) {
    case 'upstream_refused':
      return failure(problem.code, `no connection could be made${code}`);
    case 'upstream_tls_failed':
      return failure(
        problem.code,
        cause instanceof Error ? `TLS failed: ${cause.message}${code}` : problem.message,
      );
    case 'upstream_forbidden':
      return failure(problem.code, `the address may not be connected to: ${String(problem.context?.why)}`);
    case 'upstream_invalid':
      return failure(problem.code, `the connection broke off, or did not carry the expected protocol${code}`);
    default:
      return failure(problem.code, problem.message);
  }
}

function failure(code: string, message: string): CheckFailure {
  const plain = message.replaceAll(/[^\x20-\x7e]+/g, ' ').trim();
  return { code, message: plain.slice(0, MESSAGE_CHARS_MAX) };
}
