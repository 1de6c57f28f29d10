import {
  type CompiledRule,
  type HostDocument,
  hostOfAuthority,
  PosternError,
  PROBLEMS,
  type ProblemCode,
  REFUSAL_REASONS,
  type RefusalReason,
  wildcardOf,
} from '@postern/contracts/plain';
import { type HostPolicy, hostPolicyOf, type PolicySources } from './client-policy.ts';
import { evaluateForHost, evaluateForRule } from './evaluate-host.ts';
import type { Evaluation } from './evaluation.ts';
import type { PresentedClient } from './evaluation-input.ts';
import { compileRuleDemands } from './rule-demands.ts';
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
  /** What is shown in the handshake, and what OpenSSL says of it there: see `predictHandshake`. */
  readonly client: PresentedClient;
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
  /** What the client meets; null where no certificate is asked for, or the host's matchers cannot be used. */
  readonly client: Evaluation | null;
  /** The rule that the target chooses, also where something else refuses; null without one. */
  readonly rule: CompiledRule | null;
}

/**
 * Says what an edge that has this host document would answer, in the order in which an edge decides. Pure.
 *
 * `now` is milliseconds since 1970. It knows no upstream, and no head but what the request says.
 */
export function evaluateRequest(
  document: HostDocument,
  request: EvaluatedRequest,
  { now, ...sources }: PolicySources & { readonly now: number },
): RequestEvaluation {
  const rule = ruleOf(document, request.target);
  const chosen = rule instanceof PosternError ? null : rule;
  const read = hostPolicyOf(document, sources);
  const client = read.ok ? clientOf(document, read.policy, request.client, chosen, now) : null;
  const found = { client, rule: chosen };
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
  if (!read.ok) {
    const detail = read.findings[0]?.message ?? 'a matcher cannot be used';
    return { ...found, answer: { kind: 'closed', reason: 'unusable_document', detail } };
  }
  return {
    ...found,
    answer: refusedHandshake(document, client) ?? answerOf(document, request, client, rule),
  };
}

/** What decides about the client: the handshake, where it demands a certificate, then what holds for the rule. */
function clientOf(
  { clientCertificate }: HostDocument,
  policy: HostPolicy,
  client: PresentedClient,
  rule: CompiledRule | null,
  now: number,
): Evaluation | null {
  const ofRule = evaluateForRule(client, policy, rule, now);
  if (clientCertificate?.mode !== 'require') return ofRule;
  const whole = evaluateForHost(client, policy, now);
  // What the handshake lacks another CA of the host could give; only what the rule lacks leads to the path.
  return whole.refusedAt === 'handshake' ? { ...whole, remedy: ofRule?.remedy ?? whole.remedy } : ofRule;
}

function refusedHandshake(document: HostDocument, client: Evaluation | null): RequestAnswer | null {
  if (client === null || client.refusedAt !== 'handshake' || isObserved(document)) return null;
  const { reason, detail } = client;
  if (document.clientCertificate?.onUntrusted === 'page') {
    const words = REFUSAL_REASONS[reason ?? 'certificate_invalid'];
    return problem('client_certificate_refused', `${words}: ${detail}`);
  }
  const alert = reason === 'certificate_missing' ? ': TLS alert "certificate required"' : '';
  return { kind: 'handshake', reason: reason ?? 'certificate_invalid', detail: `${detail}${alert}` };
}

/** Who would be refused is let in, and only recorded. */
function isObserved({ clientCertificate }: HostDocument): boolean {
  return clientCertificate?.observe === true;
}

function answerOf(
  document: HostDocument,
  request: EvaluatedRequest,
  client: Evaluation | null,
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
  // Where rules name CAs nothing can be said of a client before there is a rule.
  if (namesRuleCas(document) && rule instanceof PosternError) return problem(rule.code, rule.message);
  if (client?.verdict === 'refuse' && !isObserved(document)) {
    const reason = REFUSAL_REASONS[client.reason ?? 'certificate_invalid'];
    const by =
      rule === null || rule instanceof PosternError || !namesRuleCas(document) ? '' : ruleWords(rule);
    return problem('client_certificate_refused', `${reason}: ${by}${client.detail}`);
  }
  if (request.target === '*') return { kind: 'edge', status: 204 };
  if (rule instanceof PosternError) return problem(rule.code, rule.message);
  if (rule !== null && client !== null && client.names !== null && !isObserved(document)) {
    const demands = compileRuleDemands(document.rules);
    if (!demands.ok) return problem('internal', 'a matcher of a rule cannot be used');
    const verdict = demands.judge(rule, { names: client.names, validUntil: client.validUntil });
    if (verdict.verdict === 'refuse') {
      const words = REFUSAL_REASONS[verdict.reason];
      return problem('client_certificate_refused', `${words}: ${ruleWords(rule)}${verdict.detail}`);
    }
  }
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

function ruleWords({ name, prefix }: CompiledRule): string {
  return `rule ${JSON.stringify(name ?? prefix)}: `;
}

function namesRuleCas({ rules }: HostDocument): boolean {
  return rules.some(({ clientCertificate }) => clientCertificate?.trustBundle !== undefined);
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
