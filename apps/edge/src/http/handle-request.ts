import { createRuleTable, type RuleTable } from '@postern/admission';
import { type CompiledRule, type Hostname, PosternError, PROBLEMS } from '@postern/contracts/plain';
import type { Connection, HostTable, ServedHost } from '../connection.ts';
import { noteRequest } from '../connections/first-request.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import type { Field } from '../upstream/fields.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import type { AccessEntry, AccessLog } from './access-log.ts';
import { answerEmpty, answerProblem } from './answer-problem.ts';
import { basicChallenge, requireBasicCredentials } from './basic-auth.ts';
import { createClientGate } from './client-gate.ts';
import { corsFields, preflightFields } from './cors.ts';
import type { Exchange } from './exchange.ts';
import { forward } from './forward.ts';
import type { HandleExchange } from './h1-server.ts';
import type { ClientPace } from './http-limits.ts';
import type { IdentityTokens } from './identity-token.ts';
import { isLogged, noteRefusal } from './note-refusal.ts';
import { RequestEntry } from './request-entry.ts';
import { type RequestHead, readRequestHead } from './request-head.ts';
import { isWebsocketRequest } from './websocket-request.ts';

export interface RequestLog {
  error(context: object, message: string): void;
  warn(context: object, message: string): void;
}

/** Says of each request whether there is room for it. */
export interface RequestLoad {
  /** Null, or the 503 to answer with; `end` follows in any case. */
  begin(): PosternError | null;
  end(): void;
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
  readonly load?: RequestLoad;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Hears of every request after its end; for counting. */
  readonly onFinished: (entry: AccessEntry) => void;
}

/**
 * The one path of a request, for both protocols: host, verdict, target, CORS preflight, basic authentication, rule, WebSocket, forwarding.
 *
 * The host's document is looked up anew for each request. When it is gone, or demands something else than the handshake gave, the
 * connection is ended without an answer, so that the client comes back with a new handshake.
 */
export function createRequestHandler(options: RequestHandlerOptions): HandleExchange {
  const ruleTables = new WeakMap<readonly CompiledRule[], RuleTable>();
  const gate = createClientGate(options);

  const rulesOf = (served: ServedHost): RuleTable => {
    const { rules } = served.document;
    const table = ruleTables.get(rules) ?? createRuleTable(rules);
    ruleTables.set(rules, table);
    return table;
  };

  /** Calls `onOver` once, in this turn or a later one. */
  const answer = (
    exchange: Exchange,
    connection: Connection,
    served: ServedHost,
    entry: AccessEntry,
    onOver: (fault: unknown) => void,
  ): void => {
    const { document } = served;
    let extra: readonly Field[] = [];
    const onProblem = (error: unknown): void => {
      const problem = asProblem(error, exchange, entry);
      noteRefusal(problem, { connection, served, entry, ledger: options.ledger })
        .then((noted) => refuse(exchange, noted, extra, served, entry))
        .then(() => onOver(null), onOver);
    };
    try {
      const head = readRequestHead(exchange);
      requireServedHost(head.host, connection, options.hosts);
      entry.host = head.host;
      // Where rules name CAs of their own nothing can be said of a client before there is a rule.
      let shown = served.hasRuleCas ? null : gate.admit(connection, served, null);
      const cors = document.cors === null ? null : corsFields(exchange.fields, document.cors);
      extra = cors ?? extra;
      if (head.target === '*') {
        shown ??= gate.admit(connection, served, null);
        entry.status = 204;
        answerEmpty(exchange, 204, extra);
        onOver(null);
        return;
      }
      const { rule } = rulesOf(served).find(head.target);
      entry.rule = rule === null ? null : (rule.name ?? rule.prefix);
      entry.service = rule?.service ?? null;
      shown ??= gate.admit(connection, served, rule);
      if (rule !== null) gate.admitByRule(connection, shown, served, rule);
      const preflight =
        document.cors === null ? undefined : preflightFields(exchange.method, exchange.fields, document.cors);
      if (preflight !== undefined) {
        entry.status = 204;
        answerEmpty(exchange, 204, preflight);
        onOver(null);
        return;
      }
      if (document.httpBasic !== null) requireBasicCredentials(exchange.fields, document.httpBasic);
      if (rule === null) throw noRule(head);
      const websocket = isWebsocketRequest(exchange, rule);
      const forwarding = {
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
      };
      forward(exchange, forwarding, (problem) => {
        if (problem === null) onOver(null);
        else onProblem(problem);
      });
    } catch (error) {
      onProblem(error);
    }
  };

  const refuse = (
    exchange: Exchange,
    problem: PosternError,
    extra: readonly Field[],
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
    const isChallenge = problem.code === 'basic_credentials_required' && httpBasic !== null;
    const fields = isChallenge ? [...extra, basicChallenge(httpBasic)] : extra;
    // After a head that could be read in two ways, nothing that follows on the connection can be trusted.
    const { status, bytes } = answerProblem(exchange, problem, fields, problem.code === 'bad_request');
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

  const serve = (exchange: Exchange, connection: Connection, onDone: () => void): void => {
    noteRequest(connection);
    const entry = new RequestEntry(exchange, connection, options.now());
    const startedAt = performance.now();
    const overload = options.load?.begin() ?? null;
    let isOver = false;
    /** `fault`: what went wrong inside the edge, beyond any answer. */
    const onOver = (fault: unknown): void => {
      if (isOver) return;
      isOver = true;
      if (fault !== null) {
        entry.aborted = true;
        entry.code = 'internal';
        options.log.error({ requestId: exchange.id, err: fault }, 'a request failed inside the edge');
        exchange.abort();
      }
      options.load?.end();
      entry.durationMs = Math.round(performance.now() - startedAt);
      if (isLogged(entry)) options.accessLog.write(entry);
      options.onFinished(entry);
      onDone();
    };
    try {
      const served = gate.servedHostOf(connection);
      if (served === undefined) {
        entry.aborted = true;
        entry.code = 'unavailable';
        exchange.dismiss();
        onOver(null);
      } else {
        entry.route = served.document.route;
        if (overload === null) answer(exchange, connection, served, entry, onOver);
        else {
          refuse(exchange, overload, [], served, entry);
          onOver(null);
        }
      }
    } catch (error) {
      onOver(error);
    }
  };
  return (exchange, connection) => new Promise((resolve) => serve(exchange, connection, resolve));
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
