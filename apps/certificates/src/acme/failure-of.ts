import type { CertificateReason } from '@postern/contracts';
import { IssueFailure } from '../issue-failure.ts';
import { AcmeProblem, AcmeUnreachable, readProblem } from './acme-problem.ts';

const PREFIX = 'urn:ietf:params:acme:error:';

/** Problem types of RFC 8555 section 6.7 that say more than a refusal. */
const REASONS: Readonly<Record<string, CertificateReason>> = {
  caa: 'caa_forbids',
  dns: 'dns_unresolvable',
  connection: 'challenge_failed',
  incorrectResponse: 'challenge_failed',
  tls: 'challenge_failed',
  rateLimited: 'rate_limited',
  serverInternal: 'ca_unreachable',
};

/** What a failed call to a CA means for an order; anything else that failed is given back as it is. */
export function failureOf(error: unknown, caHost: string): unknown {
  if (error instanceof AcmeUnreachable)
    return new IssueFailure('ca_unreachable', error.message, { cause: error });
  if (!(error instanceof AcmeProblem)) return error;
  const { type, status, retryAt, message } = error;
  const code =
    REASONS[type] ?? (status === 429 ? 'rate_limited' : status >= 500 ? 'ca_unreachable' : 'ca_refused');
  const until = retryAt === null ? '' : ` (until ${new Date(retryAt).toISOString()})`;
  return new IssueFailure(code, `${caHost} answers: ${type === '' ? '' : `${type}: `}${message}${until}`, {
    problemType: type === '' ? null : PREFIX + type,
    retryAt,
    cause: error,
  });
}

/** The failure of a challenge, by the error that stands in it. */
export function challengeFailure(
  caHost: string,
  challenge: { readonly type: string; readonly error?: unknown },
  name: string,
): IssueFailure {
  const { type, detail } = readProblem(challenge.error);
  const known = REASONS[type];
  const code = known === 'caa_forbids' || known === 'dns_unresolvable' ? known : 'challenge_failed';
  const said = detail === '' ? 'without a reason' : `${type}: ${detail}`;
  return new IssueFailure(code, `${caHost} did not accept ${challenge.type} for ${name}: ${said}`, {
    problemType: type === '' ? null : PREFIX + type,
  });
}
