import { REFUSAL_REASONS, type RefusalReason } from '@postern/contracts/plain';
import { refusalOfBoth } from './agree-with-openssl.ts';
import { type ClientBundle, type ClientPath, type FindClientPath, findClientPath } from './client-path.ts';
import { writeMatcher } from './compile-matchers.ts';
import type { Evaluation, EvaluationCheck } from './evaluation.ts';
import type { ClientPolicy, PresentedClient, RevocationFinding } from './evaluation-input.ts';
import { judgeSubject } from './judge-subject.ts';
import { remedyOf, remedyOfObserved } from './remedy.ts';

/**
 * Decides about one client, and tells all that led there: the one evaluation that edges, `explain` and `route test` share. Pure.
 *
 * Admitted is who our path validation, OpenSSL, the revocations and the matchers all admit; the first of them to refuse, in this order,
 * gives the reason. `now` is milliseconds since 1970. `find` may remember what `findClientPath` says.
 */
export function evaluateClient(
  client: PresentedClient,
  policy: ClientPolicy,
  now: number,
  find: FindClientPath = findClientPath,
): Evaluation {
  const found = bestPath(client, policy.bundles, now, find);
  if (found === null) return refuseUnfounded(client);
  const { bundle, path } = found;
  const { result } = path;
  const findings = result.verdict === 'admit' ? (policy.revocations?.(result.path, now) ?? []) : [];
  const checks = [
    ...result.checks,
    ...opensslCheck(client, path),
    ...findings.map((finding) => revocationCheck(finding, path)),
  ];
  const validUntil = Math.min(result.validUntil, ...findings.map((finding) => finding.validUntil));
  const certificates = result.path.map((certificate, position) => ({
    ...certificate,
    fingerprint: path.fingerprints[position] ?? '',
  }));
  const isTrusted = result.verdict === 'admit';
  const untold = {
    checks,
    path: certificates,
    anchor: isTrusted ? { fingerprint: path.fingerprints.at(-1) ?? '', bundle: bundle.name } : null,
    names: path.names,
    validUntil,
  };
  const refusal = refusalOfBoth(client.openssl, result) ?? revocationRefusal(findings, path);
  if (refusal !== null || path.names === null) {
    const { reason, detail } = refusal ?? {
      reason: 'certificate_invalid' as const,
      detail: 'the client could not be identified',
    };
    const refused = { ...untold, reason, detail, matchers: [], matchedBy: null };
    return {
      ...refused,
      verdict: 'refuse',
      refusedAt: 'handshake',
      remedy: remedyOf(refused, policy),
    };
  }
  const matchers = policy.matchers?.results(path.names) ?? [];
  const verdict = judgeSubject({ names: path.names, validUntil }, policy.matchers, matchers);
  if (verdict.verdict === 'refuse') {
    const { reason, detail, observed } = verdict;
    const refused = { ...untold, reason, detail, matchers, matchedBy: null };
    return {
      ...refused,
      verdict: 'refuse',
      refusedAt: 'request',
      remedy: observed === undefined ? remedyOf(refused, policy) : remedyOfObserved(observed.matchedBy),
      ...(observed === undefined ? {} : { observed }),
    };
  }
  return {
    ...untold,
    verdict: 'admit',
    reason: null,
    detail: admittedBy(verdict.matchedBy),
    ...(verdict.observed === undefined ? {} : { observed: verdict.observed }),
    refusedAt: null,
    remedy: null,
    matchers,
    matchedBy: verdict.matchedBy,
  };
}

/** The first bundle that vouches, else the one whose refusal says most; null where no bundle is trusted. */
function bestPath(
  { chain }: PresentedClient,
  bundles: readonly ClientBundle[],
  now: number,
  find: FindClientPath,
): { bundle: ClientBundle; path: ClientPath } | null {
  let best: { bundle: ClientBundle; path: ClientPath } | null = null;
  for (const bundle of bundles) {
    const path = find(chain, bundle, now);
    if (path.result.verdict === 'admit') return { bundle, path };
    if (best === null || (isStranger(best.path) && !isStranger(path))) best = { bundle, path };
  }
  return best;
}

/** True where no way led to the bundle at all. */
function isStranger({ result }: ClientPath): boolean {
  return (
    result.verdict === 'refuse' &&
    (result.reason === 'certificate_untrusted' || result.reason === 'certificate_self_signed')
  );
}

function refuseUnfounded({ chain }: PresentedClient): Evaluation {
  const reason = chain.length === 0 ? 'certificate_missing' : 'certificate_untrusted';
  return {
    verdict: 'refuse',
    reason,
    detail: chain.length === 0 ? REFUSAL_REASONS.certificate_missing : 'the host has no trusted CA',
    refusedAt: 'handshake',
    remedy: 'name a tls-ca secret that holds a usable CA as the client CA of the route',
    checks: [],
    matchers: [],
    matchedBy: null,
    names: null,
    path: [],
    anchor: null,
    validUntil: Number.POSITIVE_INFINITY,
  };
}

function opensslCheck({ openssl }: PresentedClient, { result }: ClientPath): EvaluationCheck[] {
  const [leaf] = result.path;
  if (leaf === undefined) return [];
  const told = { name: 'openssl', position: 0, certificate: leaf.subject } as const;
  return [
    openssl.good
      ? { ...told, result: 'pass', detail: 'OpenSSL agrees' }
      : { ...told, result: 'fail', detail: openssl.detail },
  ];
}

function revocationCheck(
  { position, reason, detail }: RevocationFinding,
  { result }: ClientPath,
): EvaluationCheck {
  return {
    name: 'revocation',
    position,
    certificate: result.path[position]?.subject ?? '',
    result: reason === null ? 'pass' : 'fail',
    detail,
  };
}

function revocationRefusal(
  findings: readonly RevocationFinding[],
  { result }: ClientPath,
): { reason: RefusalReason; detail: string } | null {
  for (const { position, reason, detail } of findings) {
    if (reason === null) continue;
    const subject = result.path[position]?.subject ?? '';
    return { reason, detail: `${position === 0 ? 'the certificate' : `the CA ${subject}`}: ${detail}` };
  }
  return null;
}

function admittedBy(matchedBy: Evaluation['matchedBy']): string {
  if (matchedBy === null) return 'trusted, and the route asks for no name';
  return `${JSON.stringify(matchedBy.name)} is allowed by ${writeMatcher(matchedBy.matcher)}`;
}
