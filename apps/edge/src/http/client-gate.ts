import type { Evaluation, PresentedClient } from '@postern/admission';
import { type CompiledRule, PosternError, REFUSAL_REASONS, type RefusalReason } from '@postern/contracts/plain';
import { type Connection, type HostTable, isObserved, isRequested, type ServedHost } from '../connection.ts';
import { noteUsedRule } from '../connections/used-rules.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import { LEDGER_LIMITS } from '../ledger/ledger-limits.ts';
import { identityOf } from '../tls/client-identity.ts';
import { refusalOf } from '../tls/handshake.ts';
import { noteObserved } from './note-refusal.ts';

interface ClientGateOptions {
  readonly hosts: HostTable;
  readonly ledger: Pick<ClientLedger, 'refuse' | 'see'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** What was made of a client last, as far as one host and one CA go. */
interface Look {
  /** Null: nothing is demanded. */
  readonly evaluation: Evaluation | null;
  /** When it was told to the ledger (milliseconds since 1970). */
  seenAt: number;
  /** The connection as upstreams learn of it. */
  shown: Connection | undefined;
}

interface KnownClient {
  readonly served: ServedHost;
  /** By the trust bundle that a rule demands; by '' where it demands none, by 'any' of the connection as a whole. */
  readonly looks: Map<string, Look>;
  /** By the prefixes of rules that only observe some of their matchers: when that was told (milliseconds since 1970). */
  readonly rulesAt: Map<string, number>;
}

const NOTHING_SHOWN: PresentedClient = { chain: [], openssl: { good: true } };

/** Judges the clients of requests on open connections by what their hosts and rules demand now. */
export interface ClientGate {
  /** The host of the connection as it is now, or undefined when the connection must not be used any more. */
  servedHostOf(connection: Connection): ServedHost | undefined;
  /**
   * The connection as upstreams may learn of it where a rule applies, or none (null): without a client where nothing is demanded of
   * it. Fails (`client_certificate_refused`) where its client is refused.
   */
  admit(connection: Connection, served: ServedHost, rule: CompiledRule | null): Connection;
  /** Notes that the rule is used. Fails where its own matchers refuse the client of `shown`, which `admit` gave. */
  admitByRule(connection: Connection, shown: Connection, served: ServedHost, rule: CompiledRule): void;
}

/** Verdicts are kept by connection until host or time change them; a client is told to the ledger once a minute. */
export function createClientGate({ hosts, ledger, now }: ClientGateOptions): ClientGate {
  const clients = new WeakMap<Connection, KnownClient>();
  /** Connections whose client would be refused, or of whom nothing is demanded: without an identity. */
  const nameless = new WeakMap<Connection, Connection>();

  const knownOf = (connection: Connection, served: ServedHost): KnownClient => {
    const known = clients.get(connection);
    if (known?.served === served) return known;
    const fresh = { served, looks: new Map(), rulesAt: new Map() };
    clients.set(connection, fresh);
    return fresh;
  };
  const look = (
    connection: Connection,
    presented: PresentedClient,
    served: ServedHost,
    rule: CompiledRule | null | 'any',
  ): Look => {
    const at = now();
    const { looks } = knownOf(connection, served);
    const scope = served.hasRuleCas && rule !== 'any' ? (rule?.clientCertificate?.trustBundle ?? '') : 'any';
    let known = looks.get(scope);
    if (known === undefined || (known.evaluation !== null && known.evaluation.validUntil <= at)) {
      const evaluation =
        rule === 'any' || !served.hasRuleCas
          ? served.evaluate(presented)
          : served.evaluateForRule(rule, presented);
      known = { evaluation, seenAt: 0, shown: undefined };
      looks.set(scope, known);
    }
    if (known.evaluation !== null && at - known.seenAt >= LEDGER_LIMITS.foldMs) {
      known.seenAt = at;
      tell(connection, presented, served, known.evaluation);
    }
    return known;
  };
  const tell = (
    connection: Connection,
    presented: PresentedClient,
    served: ServedHost,
    evaluation: Evaluation,
  ): void => {
    const { document } = served;
    const [leaf] = evaluation.path;
    if (leaf === undefined) return;
    const { der: leafDer, fingerprint } = leaf;
    ledger.see({ document, evaluation, leafDer, fingerprint, chain: presented.chain });
    const would = observedRefusal(evaluation, served);
    const client = { fingerprint, presented };
    if (would !== null) noteObserved(ledger, { connection, client, served, rule: null, ...would });
  };
  const namelessOf = (connection: Connection): Connection => {
    const known = nameless.get(connection) ?? { ...connection, client: null };
    nameless.set(connection, known);
    return known;
  };

  return {
    servedHostOf(connection) {
      const served = hosts.get(connection.sni);
      if (served === undefined) return undefined;
      const { client, presented } = connection;
      if (isObserved(served)) return served;
      // Whom nobody asked could not show what a rule demands.
      if (isRequested(served)) return presented === null ? undefined : served;
      if (client === null) return served.document.clientCertificate === null ? served : undefined;
      const { evaluation } = look(connection, client.presented, served, 'any');
      if (evaluation === null || evaluation.refusedAt === 'handshake') return undefined;
      return evaluation.validUntil <= now() ? undefined : served;
    },

    admit(connection, served, rule) {
      const { client, presented } = connection;
      if (!served.hasRuleCas && client === null) return connection;
      const shown = client?.presented ?? presented ?? NOTHING_SHOWN;
      const known = look(connection, shown, served, rule);
      const { evaluation } = known;
      if (evaluation === null) return namelessOf(connection);
      if (evaluation.verdict === 'refuse') {
        if (isObserved(served)) return namelessOf(connection);
        const { reason, detail } = refusalOf(evaluation, shown);
        throw refused(reason, served.hasRuleCas ? rule : null, detail);
      }
      if (!served.hasRuleCas) return connection;
      known.shown ??= { ...connection, client: identityOf(shown, evaluation) };
      return known.shown;
    },

    admitByRule(connection, shown, served, rule) {
      const { client } = shown;
      if (client === null) {
        if (connection.presented !== null) noteUsedRule(connection, rule, Number.POSITIVE_INFINITY);
        return;
      }
      const { evaluation } = look(connection, client.presented, served, rule);
      const validUntil = evaluation?.validUntil ?? Number.POSITIVE_INFINITY;
      const verdict = served.judgeRule(rule, { names: client.names, validUntil });
      if (verdict.verdict === 'refuse') throw refused(verdict.reason, rule, verdict.detail);
      noteUsedRule(connection, rule, validUntil);
      const { rulesAt } = knownOf(connection, served);
      const at = now();
      if (verdict.observed === undefined || at - (rulesAt.get(rule.prefix) ?? 0) < LEDGER_LIMITS.foldMs)
        return;
      rulesAt.set(rule.prefix, at);
      const { reason, detail } = verdict.observed;
      noteObserved(ledger, { connection, client, served, reason, detail, rule });
    },
  };
}

/** `rule` null: the host as a whole refuses. */
function refused(reason: RefusalReason, rule: CompiledRule | null, detail: string): PosternError {
  const by = rule === null ? '' : `rule ${JSON.stringify(rule.name ?? rule.prefix)}: `;
  return new PosternError('client_certificate_refused', {
    reason,
    detail: `${REFUSAL_REASONS[reason]}: ${by}${detail}`,
  });
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
