import { createRuleTable, type RuleTable } from '@postern/admission';
import {
  type CompiledRule,
  type HostDocument,
  type Hostname,
  PosternError,
  PROBLEMS,
  type Upstream,
} from '@postern/contracts/plain';
import type { Connection, HostTable, ServedHost } from '../connection.ts';
import { noteRequest } from '../connections/first-request.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import { steadyNow } from '../steady-clock.ts';
import type { Field } from '../upstream/fields.ts';
import type { Upstreams } from '../upstream/upstreams.ts';
import { type AccessEntry, LoggedClient } from './access-line.ts';
import type { AccessLog } from './access-log.ts';
import { answerEmpty, answerProblem } from './answer-problem.ts';
import { basicChallenge, requireBasicCredentials } from './basic-auth.ts';
import { ClientGate } from './client-gate.ts';
import { corsFields, preflightFields } from './cors.ts';
import type { Exchange, ServeExchange } from './exchange.ts';
import { forward } from './forward.ts';
import { AddedLines } from './forwarding-fields.ts';
import type { ClientPace } from './http-limits.ts';
import type { IdentityTokens } from './identity-token.ts';
import { isLogged, noteRefusal } from './note-refusal.ts';
import type { UpgradeRelays } from './relay-upgrade.ts';
import { RequestEntry } from './request-entry.ts';
import { type RequestHead, readRequestHead, SaidName } from './request-head.ts';
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
  readonly upgrades: UpgradeRelays;
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

const NO_FIELDS: readonly Field[] = [];

/** A rule with what a request by it needs of its host's document. */
interface PlannedRule {
  readonly prefix: string;
  readonly rule: CompiledRule;
  /** What its service is called by, over all projects. */
  readonly service: string;
  /** Undefined: the document lacks it. */
  readonly upstream: Upstream | undefined;
}

/**
 * The one path of a request, for both protocols: host, verdict, target, CORS preflight, basic authentication, rule, WebSocket, forwarding.
 *
 * The host's document is looked up anew for each request. When it is gone, or demands something else than the handshake gave, the
 * connection is ended without an answer, so that the client comes back with a new handshake.
 */
export function createRequestHandler(
  options: RequestHandlerOptions,
): (connection: Connection) => ServeExchange {
  const tables = new WeakMap<HostDocument, RuleTable<PlannedRule>>();
  const tableOf = (document: HostDocument): RuleTable<PlannedRule> => {
    const known = tables.get(document);
    if (known !== undefined) return known;
    const table = createRuleTable(planRules(document));
    tables.set(document, table);
    return table;
  };
  return (connection) => {
    const client = new RequestingClient(connection, options, tableOf);
    return (exchange, onDone) => new HandledRequest(client, exchange, onDone).serve();
  };
}

function planRules({ project, rules, services }: HostDocument): PlannedRule[] {
  return rules.map((rule) => ({
    prefix: rule.prefix,
    rule,
    service: `${project}/${rule.service}`,
    upstream: Object.hasOwn(services, rule.service) ? services[rule.service] : undefined,
  }));
}

/** What the requests of one connection have in common: found once, and not looked up by each of them. */
class RequestingClient {
  readonly connection: Connection;
  readonly options: RequestHandlerOptions;
  readonly gate: ClientGate;
  readonly added = new AddedLines();
  readonly names = new SaidName();
  readonly logged: LoggedClient;
  readonly #tableOf: (document: HostDocument) => RuleTable<PlannedRule>;
  #document: HostDocument | null = null;
  #table: RuleTable<PlannedRule> | null = null;
  #hasAsked = false;
  /** The name of the connection as the request before said it: the same string needs no look at its letters. */
  #ownHost: Hostname | null = null;

  constructor(
    connection: Connection,
    options: RequestHandlerOptions,
    tableOf: (document: HostDocument) => RuleTable<PlannedRule>,
  ) {
    this.connection = connection;
    this.options = options;
    this.gate = new ClientGate(connection, options);
    this.logged = new LoggedClient(connection);
    this.#tableOf = tableOf;
  }

  noteRequest(): void {
    if (this.#hasAsked) return;
    this.#hasAsked = true;
    noteRequest(this.connection);
  }

  /** RFC 9110 section 15.5.20: the Host is the connection's name, or both are covered by one and the same wildcard route. */
  requireServedHost(host: Hostname): void {
    if (host === this.#ownHost) return;
    const { connection, options } = this;
    if (host === connection.sni) {
      this.#ownHost = host;
      return;
    }
    const ofConnection = options.hosts.get(connection.sni)?.document.host;
    if (ofConnection?.startsWith('*.') && options.hosts.get(host)?.document.host === ofConnection) return;
    throw new PosternError('misdirected_request', {
      detail: 'The Host of the request is not the server name of the TLS connection.',
    });
  }

  rulesOf(document: HostDocument): RuleTable<PlannedRule> {
    if (this.#table === null || this.#document !== document) {
      this.#document = document;
      this.#table = this.#tableOf(document);
    }
    return this.#table;
  }
}

/** One request on its way. */
class HandledRequest {
  readonly #client: RequestingClient;
  readonly #exchange: Exchange;
  readonly #onDone: () => void;
  /** Milliseconds since 1970, and of performance.now(). */
  readonly #at: number;
  readonly #startedAt = steadyNow();
  readonly #entry: RequestEntry;
  /** CORS fields of every answer. */
  #extra: readonly Field[] = NO_FIELDS;
  #isOver = false;

  constructor(client: RequestingClient, exchange: Exchange, onDone: () => void) {
    this.#client = client;
    this.#exchange = exchange;
    this.#onDone = onDone;
    this.#at = client.options.now();
    this.#entry = new RequestEntry(exchange, client.logged, client.connection.sni, this.#at, this.#startedAt);
  }

  serve(): void {
    const client = this.#client;
    const entry = this.#entry;
    client.noteRequest();
    const overload = client.options.load?.begin() ?? null;
    try {
      const served = client.gate.servedHost(this.#at);
      if (served === undefined) {
        entry.aborted = true;
        entry.code = 'unavailable';
        this.#exchange.dismiss();
        this.#over(null);
        return;
      }
      entry.route = served.document.route;
      if (overload === null) this.#answer(served);
      else {
        this.#refuse(overload, served);
        this.#over(null);
      }
    } catch (error) {
      this.#over(error);
    }
  }

  /** Comes to `#over` once, in this turn or a later one. */
  #answer(served: ServedHost): void {
    const client = this.#client;
    const { gate, options } = client;
    const exchange = this.#exchange;
    const entry = this.#entry;
    const { document } = served;
    const at = this.#at;
    try {
      const head = readRequestHead(exchange, client.names);
      client.requireServedHost(head.host);
      entry.host = head.host;
      // Where rules name CAs of their own nothing can be said of a client before there is a rule.
      let shown = served.hasRuleCas ? null : gate.admit(served, null, at);
      const cors = document.cors === null ? null : corsFields(exchange.fields, document.cors);
      if (cors !== null) this.#extra = cors;
      if (head.target === '*') {
        shown ??= gate.admit(served, null, at);
        this.#answerEmpty(this.#extra);
        return;
      }
      const planned = client.rulesOf(document).find(head.target).rule;
      const rule = planned?.rule ?? null;
      entry.rule = rule === null ? null : (rule.name ?? rule.prefix);
      entry.service = rule?.service ?? null;
      shown ??= gate.admit(served, rule, at);
      if (rule !== null) gate.admitByRule(shown, served, rule, at);
      const preflight =
        document.cors === null ? undefined : preflightFields(exchange.method, exchange.fields, document.cors);
      if (preflight !== undefined) {
        this.#answerEmpty(preflight);
        return;
      }
      if (document.httpBasic !== null) requireBasicCredentials(exchange.fields, document.httpBasic);
      if (planned === null) throw noRule(head);
      const websocket = isWebsocketRequest(exchange, planned.rule);
      const { service, upstream } = planned;
      if (upstream === undefined)
        throw new PosternError('internal', { detail: 'The service of the rule is missing.' });
      forward(exchange, {
        context: options,
        connection: shown,
        added: client.added,
        served,
        service,
        upstream,
        head,
        websocket,
        cors,
        entry,
        startedAt: this.#startedAt,
        onOver: (problem) => {
          if (problem === null) this.#over(null);
          else this.#fail(problem, served);
        },
      });
    } catch (error) {
      this.#fail(error, served);
    }
  }

  #answerEmpty(fields: readonly Field[]): void {
    this.#entry.status = 204;
    answerEmpty(this.#exchange, 204, fields);
    this.#over(null);
  }

  #fail(error: unknown, served: ServedHost): void {
    const { connection, options } = this.#client;
    const problem = this.#asProblem(error);
    noteRefusal(problem, { connection, served, entry: this.#entry, ledger: options.ledger })
      .then((noted) => this.#refuse(noted, served))
      .then(
        () => this.#over(null),
        (fault) => this.#over(fault),
      );
  }

  #refuse(problem: PosternError, served: ServedHost): void {
    const exchange = this.#exchange;
    const entry = this.#entry;
    entry.code = problem.code;
    entry.reason = problem.reason ?? null;
    if (!exchange.isOpen()) {
      entry.aborted = true;
      return;
    }
    const { httpBasic } = served.document;
    const isChallenge = problem.code === 'basic_credentials_required' && httpBasic !== null;
    const fields = isChallenge ? [...this.#extra, basicChallenge(httpBasic)] : this.#extra;
    // After a head that could be read in two ways, nothing that follows on the connection can be trusted.
    const { status, bytes } = answerProblem(exchange, problem, fields, problem.code === 'bad_request');
    entry.status = status;
    entry.bytesOut = bytes;
  }

  #asProblem(error: unknown): PosternError {
    const { log } = this.#client.options;
    const entry = this.#entry;
    const problem = error instanceof PosternError ? error : new PosternError('internal', { cause: error });
    const owner = PROBLEMS[problem.code].owner;
    const context = {
      requestId: this.#exchange.id,
      host: entry.host,
      service: entry.service,
      code: problem.code,
      ...problem.context,
    };
    if (owner === 'platform')
      log.error({ ...context, err: problem.cause ?? problem }, 'a request failed inside the edge');
    else if (problem.code.startsWith('upstream_')) log.warn(context, 'an upstream failed');
    return problem;
  }

  /** `fault`: what went wrong inside the edge, beyond any answer. */
  #over(fault: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { options } = this.#client;
    const exchange = this.#exchange;
    const entry = this.#entry;
    if (fault !== null) {
      entry.aborted = true;
      entry.code = 'internal';
      options.log.error({ requestId: exchange.id, err: fault }, 'a request failed inside the edge');
      exchange.abort();
    }
    options.load?.end();
    if (isLogged(entry)) options.accessLog.write(entry);
    options.onFinished(entry);
    this.#onDone();
  }
}

function noRule(head: RequestHead): PosternError {
  return new PosternError('no_rule', {
    detail: `No prefix of the route begins the path of this request to ${head.host}.`,
  });
}
