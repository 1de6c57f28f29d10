import {
  type CompiledRule,
  type HostDocument,
  hostOfAuthority,
  PosternError,
  PROBLEMS,
  type ProblemCode,
  REFUSAL_REASONS,
  type RefusalReason,
  type Verdict,
  wildcardOf,
} from '@postern/contracts';
import { readCertificateFields, subjectNamesOf } from '@postern/pki';
import { compileMatchers } from './compile-matchers.ts';
import { judgeSubject } from './judge-subject.ts';
import type { AnchorSet } from './path/path-node.ts';
import type { PathResult } from './path/path-result.ts';
import { validatePath } from './path/validate-path.ts';
import { createRuleTable } from './rule-table.ts';
import { isServedMethod } from './served-methods.ts';

/** A request as it would come, on a connection made for `serverName`. */
export interface EvaluatedRequest {
  readonly serverName: string;
  /** Host or `:authority`; the port is ignored. */
  readonly authority: string;
  readonly method: string;
  /** Origin form, byte for byte as it would be sent. */
  readonly target: string;
  /** True for a WebSocket handshake. */
  readonly websocket: boolean;
  /** DER as shown in the handshake, leaf first; null: no certificate. */
  readonly chain: readonly Buffer[] | null;
}

/** What the client would meet. */
export type RequestAnswer =
  /** The rule's service answers, once the client has given what `needs` names. */
  | { readonly kind: 'service'; readonly rule: CompiledRule; readonly needs: readonly 'basic_credentials'[] }
  /** The connection ends in or right after the handshake; no HTTP is spoken. */
  | { readonly kind: 'handshake'; readonly reason: RefusalReason; readonly detail: string }
  | { readonly kind: 'problem'; readonly code: ProblemCode; readonly status: number; readonly detail: string }
  /** The edge answers `OPTIONS *` itself. */
  | { readonly kind: 'edge'; readonly status: number }
  /** The host is not served. */
  | { readonly kind: 'closed'; readonly reason: string; readonly detail: string };

/** An answer, and what was found on the way to it. */
export interface RequestEvaluation {
  readonly answer: RequestAnswer;
  /** What the path of the client's certificate meets; null where none is asked for or none is shown. */
  readonly path: PathResult | null;
  /** What its names meet; null where the path is not admitted, or none is asked for. */
  readonly subject: Verdict | null;
  /** The rule that the target chooses, also where something else refuses; null without one. */
  readonly rule: CompiledRule | null;
}

/**
 * Says what an edge that has this host document would answer, in the order in which an edge decides. Pure.
 *
 * `anchors` are those of the host's trust bundle, null on hosts without one. `now` is milliseconds since 1970. It knows no OpenSSL, which
 * must admit a client as well, no upstream, and no head but what the request says.
 */
export function evaluateRequest(
  document: HostDocument,
  request: EvaluatedRequest,
  { anchors, now }: { readonly anchors: AnchorSet | null; readonly now: number },
): RequestEvaluation {
  const rule = ruleOf(document, request.target);
  const chosen = rule instanceof PosternError ? null : rule;
  const client = judgeClient(document, request, anchors, now);
  const found = { path: client.path, subject: client.subject, rule: chosen };
  if (document.closed !== null) {
    return {
      ...found,
      answer: { kind: 'closed', reason: document.closed.reason, detail: document.closed.message },
    };
  }
  if (document.certificate === null) {
    const detail = 'there is no server certificate for the host yet: every handshake ends with an alert';
    return { ...found, answer: { kind: 'closed', reason: 'certificate_pending', detail } };
  }
  const answer = client.refusal ?? answerOf(document, request, client.subject, rule);
  return { ...found, answer };
}

interface JudgedClient {
  readonly path: PathResult | null;
  readonly subject: Verdict | null;
  readonly refusal: RequestAnswer | null;
}

function judgeClient(
  document: HostDocument,
  { chain }: EvaluatedRequest,
  anchors: AnchorSet | null,
  now: number,
): JudgedClient {
  const policy = document.clientCertificate;
  if (policy === null) return { path: null, subject: null, refusal: null };
  const refuse = (reason: RefusalReason, detail: string, path: PathResult | null): JudgedClient => ({
    path,
    subject: null,
    refusal:
      policy.onUntrusted === 'page'
        ? problem('client_certificate_refused', `${REFUSAL_REASONS[reason]}: ${detail}`)
        : { kind: 'handshake', reason, detail },
  });
  if (chain === null || chain.length === 0) {
    return refuse(
      'certificate_missing',
      `${REFUSAL_REASONS.certificate_missing}: TLS alert "certificate required"`,
      null,
    );
  }
  if (anchors === null) return refuse('certificate_untrusted', 'the host has no trusted CA', null);
  const path = validatePath({ chain, anchors, now, purpose: 'clientAuth' });
  const [leaf] = chain;
  if (path.verdict === 'refuse' || leaf === undefined) {
    return path.verdict === 'refuse'
      ? refuse(path.reason, path.detail, path)
      : refuse('certificate_missing', REFUSAL_REASONS.certificate_missing, path);
  }
  const matchers = policy.subjectMatches === null ? null : compileMatchers(policy.subjectMatches);
  if (matchers?.ok === false) {
    const detail = matchers.findings[0]?.message ?? 'a matcher cannot be used';
    return { path, subject: null, refusal: { kind: 'closed', reason: 'unusable_document', detail } };
  }
  const names = subjectNamesOf(readCertificateFields(leaf), {
    belowNameConstraints: path.constrainsDnsNames,
  });
  return { path, subject: judgeSubject({ names, validUntil: path.validUntil }, matchers), refusal: null };
}

function answerOf(
  document: HostDocument,
  request: EvaluatedRequest,
  subject: Verdict | null,
  rule: CompiledRule | PosternError | null,
): RequestAnswer {
  if (!isServedMethod(request.method)) {
    return problem('unsupported_method', 'CONNECT, TRACE and unknown methods are not forwarded');
  }
  const host = hostOfAuthority(request.authority);
  if (host === undefined) return problem('bad_request', 'the Host is not a host name');
  if (request.target === '*' && request.method !== 'OPTIONS') {
    return problem('bad_request', 'the target "*" is for OPTIONS alone');
  }
  if (host !== request.serverName && wildcardOf(host) !== document.host) {
    return problem('misdirected_request', 'the Host is not the server name of the TLS connection');
  }
  if (subject?.verdict === 'refuse') {
    return problem('client_certificate_refused', `${REFUSAL_REASONS[subject.reason]}: ${subject.detail}`);
  }
  if (request.target === '*') return { kind: 'edge', status: 204 };
  if (rule instanceof PosternError) return problem(rule.code, rule.message);
  // Without credentials nobody learns which paths lead somewhere; with them a path without a rule is still 404.
  if (rule === null) {
    return document.httpBasic === null
      ? problem('no_rule', 'no prefix of the route begins the path')
      : problem('basic_credentials_required', 'with credentials: no prefix of the route begins the path');
  }
  if (request.websocket && !rule.enableWebsockets) {
    return problem('websockets_not_enabled', `WebSockets are not enabled for ${rule.prefix}`);
  }
  return { kind: 'service', rule, needs: document.httpBasic === null ? [] : ['basic_credentials'] };
}

function ruleOf(document: HostDocument, target: string): CompiledRule | PosternError | null {
  if (target === '*') return null;
  try {
    return createRuleTable(document.rules).find(target).rule;
  } catch (error) {
    if (error instanceof PosternError) return error;
    throw error;
  }
}

function problem(code: ProblemCode, detail: string): RequestAnswer {
  return { kind: 'problem', code, status: PROBLEMS[code].status, detail };
}
