import { createRuleTable, type Evaluation, type RuleTable } from '@postern/admission';
import {
  type CompiledRule,
  type Hostname,
  PosternError,
  PROBLEMS,
  REFUSAL_REASONS,
  type RefusalReason,
} from '@postern/contracts';
import {
  type ClientIdentity,
  type Connection,
  type HostTable,
  isObserved,
  type ServedHost,
} from '../connection.ts';
import { noteUsedRule } from '../connections/used-rules.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import { LEDGER_LIMITS } from '../ledger/ledger-limits.ts';
import type { Field } from '../upstream/fields.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { AccessEntry, AccessLog } from './access-log.ts';
import { answerEmpty, answerProblem } from './answer-problem.ts';
import { basicChallenge, requireBasicCredentials } from './basic-auth.ts';
import { corsFields, preflightFields } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { forward } from './forward.ts';
import type { HandleExchange } from './h1-server.ts';
import type { ClientPace } from './http-limits.ts';
import type { IdentityTokens } from './identity-token.ts';
import { isLogged, noteObserved, noteRefusal } from './note-refusal.ts';
import { type RequestHead, readRequestHead } from './request-head.ts';
import { isWebsocketRequest } from './websocket-request.ts';

/** Characters of a path that the access log keeps. */
const LOGGED_PATH_CHARS_MAX = 1_024;
const LOGGED_NAMES_MAX = 10;

export interface RequestLog {
  error(context: object, message: string): void;
  warn(context: object, message: string): void;
}

export interface RequestHandlerOptions {
  readonly hosts: HostTable;
  readonly upstreams: Upstreams;
  readonly identityTokens: IdentityTokens;
  readonly accessLog: AccessLog;
  /** For X-Forwarded-Port. */
  readonly publicHttpsPort: number;
  readonly log: RequestLog;
  readonly pace: ClientPace;
  readonly ledger: Pick<ClientLedger, 'refuse' | 'see'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Hears of every request after its end; for counting. */
  readonly onFinished: (entry: AccessEntry) => void;
}

/** What was made of a client last, and when that was told to the ledger (milliseconds since 1970). */
interface KnownVerdict {
  readonly served: ServedHost;
  readonly evaluation: Evaluation;
  seenAt: number;
  /** By the prefixes of rules that only observe some of their matchers. */
  readonly rulesAt: Map<string, number>;
}

/**
 * The one path of a request, for both protocols: host, verdict, target, CORS preflight, basic authentication, rule, WebSocket, forwarding.
 *
 * The host's document is looked up anew for each request. When it is gone, or demands something else than the handshake gave, the
 * connection is ended without an answer, so that the client comes back with a new handshake.
 */
export function createRequestHandler(options: RequestHandlerOptions): HandleExchange {
  const ruleTables = new WeakMap<readonly CompiledRule[], RuleTable>();
  const verdicts = new WeakMap<Connection, KnownVerdict>();
  /** Connections as upstreams learn of them where the client would be refused: without an identity. */
  const nameless = new WeakMap<Connection, Connection>();

  const rulesOf = (served: ServedHost): RuleTable => {
    const { rules } = served.document;
    const table = ruleTables.get(rules) ?? createRuleTable(rules);
    ruleTables.set(rules, table);
    return table;
  };
  const evaluationOf = (connection: Connection, client: ClientIdentity, served: ServedHost): Evaluation => {
    let known = verdicts.get(connection);
    const now = options.now();
    if (known?.served !== served || known.evaluation.validUntil <= now) {
      known = { served, evaluation: served.evaluate(client.presented), seenAt: 0, rulesAt: new Map() };
      verdicts.set(connection, known);
    }
    if (now - known.seenAt >= LEDGER_LIMITS.foldMs) {
      known.seenAt = now;
      const { leafDer, fingerprint, presented } = client;
      const { document } = served;
      const { evaluation } = known;
      options.ledger.see({ document, evaluation, leafDer, fingerprint, chain: presented.chain });
      const would = observedRefusal(evaluation, served);
      if (would !== null) noteObserved(options.ledger, { connection, client, served, rule: null, ...would });
    }
    return known.evaluation;
  };
  /** The host of the connection as it is now, or undefined when the connection must not be used any more. */
  const servedHostOf = (connection: Connection): ServedHost | undefined => {
    const served = options.hosts.get(connection.sni);
    if (served === undefined) return undefined;
    const { client } = connection;
    if (isObserved(served)) return served;
    if (client === null) return served.document.clientCertificate === null ? served : undefined;
    const { refusedAt, validUntil } = evaluationOf(connection, client, served);
    return refusedAt === 'handshake' || validUntil <= options.now() ? undefined : served;
  };
  /** The connection as upstreams may learn of it. Fails where its client is refused. */
  const requireAdmitted = (
    connection: Connection,
    client: ClientIdentity,
    served: ServedHost,
  ): Connection => {
    const { verdict, detail, ...evaluation } = evaluationOf(connection, client, served);
    if (verdict === 'admit') return connection;
    const reason = evaluation.reason ?? 'certificate_invalid';
    if (isObserved(served)) {
      const known = nameless.get(connection) ?? { ...connection, client: null };
      nameless.set(connection, known);
      return known;
    }
    throw new PosternError('client_certificate_refused', {
      reason,
      detail: `${REFUSAL_REASONS[reason]}: ${detail}`,
    });
  };

  const requireAdmittedByRule = (
    connection: Connection,
    client: ClientIdentity,
    served: ServedHost,
    rule: CompiledRule,
  ): void => {
    const { validUntil } = evaluationOf(connection, client, served);
    const verdict = served.judgeRule(rule, { names: client.names, validUntil });
    if (verdict.verdict === 'refuse') {
      const name = JSON.stringify(rule.name ?? rule.prefix);
      throw new PosternError('client_certificate_refused', {
        reason: verdict.reason,
        detail: `${REFUSAL_REASONS[verdict.reason]}: rule ${name}: ${verdict.detail}`,
      });
    }
    noteUsedRule(connection, rule);
    const rulesAt = verdicts.get(connection)?.rulesAt;
    const now = options.now();
    if (verdict.observed === undefined || now - (rulesAt?.get(rule.prefix) ?? 0) < LEDGER_LIMITS.foldMs)
      return;
    rulesAt?.set(rule.prefix, now);
    const { reason, detail } = verdict.observed;
    noteObserved(options.ledger, { connection, client, served, reason, detail, rule });
  };

  const answer = async (
    exchange: Exchange,
    connection: Connection,
    served: ServedHost,
    entry: AccessEntry,
  ): Promise<void> => {
    const { document } = served;
    const extra: Field[] = [];
    try {
      const head = readRequestHead(exchange);
      requireServedHost(head.host, connection, options.hosts);
      entry.host = head.host;
      const shown =
        connection.client === null ? connection : requireAdmitted(connection, connection.client, served);
      const cors = document.cors === null ? null : corsFields(exchange.fields, document.cors);
      extra.push(...(cors ?? []));
      if (head.target === '*') {
        entry.status = 204;
        answerEmpty(exchange, 204, extra);
        return;
      }
      const { rule } = rulesOf(served).find(head.target);
      entry.rule = rule === null ? null : (rule.name ?? rule.prefix);
      entry.service = rule?.service ?? null;
      if (rule !== null && connection.client !== null) {
        requireAdmittedByRule(connection, connection.client, served, rule);
      }
      const preflight =
        document.cors === null ? undefined : preflightFields(exchange.method, exchange.fields, document.cors);
      if (preflight !== undefined) {
        entry.status = 204;
        answerEmpty(exchange, 204, preflight);
        return;
      }
      if (document.httpBasic !== null) requireBasicCredentials(exchange.fields, document.httpBasic);
      if (rule === null) throw noRule(head);
      const websocket = isWebsocketRequest(exchange, rule);
      await forward(exchange, {
        connection: shown,
        served,
        rule,
        head,
        websocket,
        cors,
        entry,
        upstreams: options.upstreams,
        identityTokens: options.identityTokens,
        publicHttpsPort: options.publicHttpsPort,
        pace: options.pace,
      });
    } catch (error) {
      const problem = asProblem(error, exchange, entry);
      const { ledger } = options;
      const noted = await noteRefusal(problem, { connection, served, entry, ledger });
      refuse(exchange, noted, extra, served, entry);
    }
  };

  const refuse = (
    exchange: Exchange,
    problem: PosternError,
    extra: Field[],
    served: ServedHost,
    entry: AccessEntry,
  ): void => {
    entry.code = problem.code;
    entry.reason = problem.reason ?? null;
    if (!exchange.isOpen()) {
      entry.aborted = true;
      return;
    }
    const { httpBasic } = served.document;
    if (problem.code === 'basic_credentials_required' && httpBasic !== null)
      extra.push(basicChallenge(httpBasic));
    // After a head that could be read in two ways, nothing that follows on the connection can be trusted.
    const { status, bytes } = answerProblem(exchange, problem, extra, problem.code === 'bad_request');
    entry.status = status;
    entry.bytesOut = bytes;
  };

  const asProblem = (error: unknown, exchange: Exchange, entry: AccessEntry): PosternError => {
    const problem = error instanceof PosternError ? error : new PosternError('internal', { cause: error });
    const owner = PROBLEMS[problem.code].owner;
    const context = {
      requestId: exchange.id,
      host: entry.host,
      service: entry.service,
      code: problem.code,
      ...problem.context,
    };
    if (owner === 'platform')
      options.log.error({ ...context, err: problem.cause ?? problem }, 'a request failed inside the edge');
    else if (problem.code.startsWith('upstream_')) options.log.warn(context, 'an upstream failed');
    return problem;
  };

  return async (exchange, connection) => {
    const entry = createEntry(exchange, connection, options.now());
    const startedAt = performance.now();
    try {
      const served = servedHostOf(connection);
      if (served === undefined) {
        entry.aborted = true;
        entry.code = 'unavailable';
        exchange.dismiss();
      } else {
        entry.route = served.document.route;
        await answer(exchange, connection, served, entry);
      }
    } catch (error) {
      entry.aborted = true;
      entry.code = 'internal';
      options.log.error({ requestId: exchange.id, err: error }, 'a request failed inside the edge');
      exchange.abort();
    }
    entry.durationMs = Math.round(performance.now() - startedAt);
    if (isLogged(entry)) options.accessLog.write(entry);
    options.onFinished(entry);
  };
}

/** Why a client that is let in would be refused if the host did more than observe; null: it would not be. */
function observedRefusal(
  { verdict, reason, detail, observed }: Evaluation,
  served: ServedHost,
): { readonly reason: RefusalReason; readonly detail: string } | null {
  if (verdict === 'refuse') {
    return isObserved(served) ? { reason: reason ?? 'certificate_invalid', detail } : null;
  }
  return observed?.verdict === 'refuse' ? { reason: observed.reason, detail: observed.detail } : null;
}

/** RFC 9110 section 15.5.20: the Host is the connection's name, or both are covered by one and the same wildcard route. */
function requireServedHost(host: Hostname, connection: Connection, hosts: HostTable): void {
  if (host === connection.sni) return;
  const ofConnection = hosts.get(connection.sni)?.document.host;
  if (ofConnection?.startsWith('*.') && hosts.get(host)?.document.host === ofConnection) return;
  throw new PosternError('misdirected_request', {
    detail: 'The Host of the request is not the server name of the TLS connection.',
  });
}

function noRule(head: RequestHead): PosternError {
  return new PosternError('no_rule', {
    detail: `No prefix of the route begins the path of this request to ${head.host}.`,
  });
}

function createEntry(exchange: Exchange, connection: Connection, at: number): AccessEntry {
  const { client } = connection;
  return {
    time: new Date(at).toISOString(),
    requestId: exchange.id,
    host: connection.sni,
    route: null,
    rule: null,
    service: null,
    target: null,
    method: exchange.method.slice(0, 32),
    path: exchange.target.split(/[?#]/, 1)[0]?.slice(0, LOGGED_PATH_CHARS_MAX) ?? '',
    status: 0,
    bytesIn: 0,
    bytesOut: 0,
    durationMs: 0,
    upstreamMs: null,
    clientAddress: connection.clientAddress,
    protocol: exchange.protocol,
    tlsVersion: connection.tlsVersion,
    clientFingerprint: client?.fingerprint ?? null,
    clientNames:
      client === null
        ? null
        : [...client.names.commonNames, ...client.names.dnsNames].slice(0, LOGGED_NAMES_MAX),
    code: null,
    reason: null,
    refusal: null,
    refusals: null,
    aborted: false,
  };
}
