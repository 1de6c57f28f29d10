import type { Evaluation, PresentedClient } from '@postern/admission';
import {
  type CompiledRule,
  PosternError,
  REFUSAL_REASONS,
  type RefusalReason,
} from '@postern/contracts/plain';
import { type Connection, type HostTable, isObserved, isRequested, type ServedHost } from '../connection.ts';
import { noteUsedRule } from '../connections/used-rules.ts';
import type { ClientLedger } from '../ledger/client-ledger.ts';
import { LEDGER_LIMITS } from '../ledger/ledger-limits.ts';
import { identityOf } from '../tls/client-identity.ts';
import { refusalOf } from '../tls/handshake.ts';
import { noteObserved } from './note-refusal.ts';

export interface ClientGateOptions {
  readonly hosts: HostTable;
  readonly ledger: Pick<ClientLedger, 'refuse' | 'see'>;
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

const NOTHING_SHOWN: PresentedClient = { chain: [], openssl: { good: true } };
const WHOLE = 'whole';

/**
 * Judges the client of the requests of one open connection by what its host and the rules demand now. Verdicts are kept until host or time
 * change them; a client is told to the ledger once a minute. `at` is the time of the request, in milliseconds since 1970.
 */
export class ClientGate {
  readonly #connection: Connection;
  readonly #hosts: HostTable;
  readonly #ledger: Pick<ClientLedger, 'refuse' | 'see'>;
  /** The host as it was looked up last, and the `changes` of the table then: a look for each request costs more, the more hosts there are. */
  #found: ServedHost | undefined;
  #foundAt = -1;
  /** The host that the rest was found for. */
  #served: ServedHost | null = null;
  /** Of the connection as a whole: where no rule names a CA of its own there is no other. */
  #whole: Look | null = null;
  /** By the trust bundle that a rule demands; by '' where it demands none. Like the next one made when it is needed, which is seldom. */
  #looks: Map<string, Look> | null = null;
  /** By the prefixes of rules that only observe some of their matchers: when that was told (milliseconds since 1970). */
  #rulesAt: Map<string, number> | null = null;
  /**
   * The host whose demands the client meets, and until when there is nothing new to say or to tell of that (milliseconds since 1970); with it
   * the rule that admitted the request before. Most requests come again to the same ones.
   */
  #metOf: ServedHost | null = null;
  #metUntil = 0;
  #metRule: CompiledRule | null = null;
  #validUntil = 0;
  /** The connection without an identity: its client would be refused, or nothing is demanded. */
  #nameless: Connection | null = null;

  constructor(connection: Connection, { hosts, ledger }: ClientGateOptions) {
    this.#connection = connection;
    this.#hosts = hosts;
    this.#ledger = ledger;
  }

  /** The host of the connection as it is now, or undefined when the connection must not be used any more. */
  servedHost(at: number): ServedHost | undefined {
    const { client, presented } = this.#connection;
    const served = this.#presentHost();
    if (served === undefined || this.#isMet(served, at)) return served;
    if (isObserved(served)) return served;
    // Whom nobody asked could not show what a rule demands.
    if (isRequested(served)) return presented === null ? undefined : served;
    if (client === null) return served.document.clientCertificate === null ? served : undefined;
    const { evaluation } = this.#look(client.presented, served, WHOLE, at);
    if (evaluation === null || evaluation.refusedAt === 'handshake') return undefined;
    return evaluation.validUntil <= at ? undefined : served;
  }

  #presentHost(): ServedHost | undefined {
    const { changes } = this.#hosts;
    if (this.#found === undefined || this.#foundAt !== changes) {
      this.#found = this.#hosts.get(this.#connection.sni);
      this.#foundAt = changes;
    }
    return this.#found;
  }

  /**
   * The connection as upstreams may learn of it where a rule applies, or none (null): without a client where nothing is demanded of
   * it. Fails (`client_certificate_refused`) where its client is refused.
   */
  admit(served: ServedHost, rule: CompiledRule | null, at: number): Connection {
    const connection = this.#connection;
    if (this.#isMet(served, at)) return connection;
    const { client, presented } = connection;
    if (!served.hasRuleCas && client === null) return connection;
    const shown = client?.presented ?? presented ?? NOTHING_SHOWN;
    const known = this.#look(shown, served, rule, at);
    const { evaluation } = known;
    if (evaluation === null) return this.#withoutName();
    if (evaluation.verdict === 'refuse') {
      if (isObserved(served)) return this.#withoutName();
      const { reason, detail } = refusalOf(evaluation, shown);
      throw refused(reason, served.hasRuleCas ? rule : null, detail);
    }
    if (!served.hasRuleCas) {
      if (this.#metOf !== served) this.#metRule = null;
      this.#metOf = served;
      this.#metUntil = Math.min(evaluation.validUntil, known.seenAt + LEDGER_LIMITS.foldMs);
      this.#validUntil = evaluation.validUntil;
      return connection;
    }
    known.shown ??= { ...connection, client: identityOf(shown, evaluation) };
    return known.shown;
  }

  /** Notes that the rule is used. Fails where its own matchers refuse the client of `shown`, which `admit` gave. */
  admitByRule(shown: Connection, served: ServedHost, rule: CompiledRule, at: number): void {
    if (this.#metRule === rule && this.#isMet(served, at)) {
      noteUsedRule(this.#connection, rule, this.#validUntil);
      return;
    }
    const { client } = shown;
    if (client === null) {
      if (this.#connection.presented !== null) noteUsedRule(this.#connection, rule, Number.POSITIVE_INFINITY);
      return;
    }
    const { evaluation } = this.#look(client.presented, served, rule, at);
    const validUntil = evaluation?.validUntil ?? Number.POSITIVE_INFINITY;
    const verdict = served.judgeRule(rule, { names: client.names, validUntil });
    if (verdict.verdict === 'refuse') throw refused(verdict.reason, rule, verdict.detail);
    noteUsedRule(this.#connection, rule, validUntil);
    if (verdict.observed === undefined) {
      if (this.#isMet(served, at)) this.#metRule = rule;
      return;
    }
    if (at - (this.#rulesAt?.get(rule.prefix) ?? 0) < LEDGER_LIMITS.foldMs) return;
    this.#rulesAt ??= new Map();
    this.#rulesAt.set(rule.prefix, at);
    const { reason, detail } = verdict.observed;
    noteObserved(this.#ledger, { connection: this.#connection, client, served, reason, detail, rule });
  }

  #isMet(served: ServedHost, at: number): boolean {
    return served === this.#metOf && at < this.#metUntil;
  }

  #look(
    presented: PresentedClient,
    served: ServedHost,
    rule: CompiledRule | null | typeof WHOLE,
    at: number,
  ): Look {
    if (served !== this.#served) {
      this.#served = served;
      this.#whole = null;
      this.#looks = null;
      this.#rulesAt = null;
    }
    const scope =
      served.hasRuleCas && rule !== WHOLE ? (rule?.clientCertificate?.trustBundle ?? '') : undefined;
    let known = scope === undefined ? this.#whole : (this.#looks?.get(scope) ?? null);
    if (known === null || (known.evaluation !== null && known.evaluation.validUntil <= at)) {
      const evaluation =
        rule === WHOLE || scope === undefined
          ? served.evaluate(presented)
          : served.evaluateForRule(rule, presented);
      known = { evaluation, seenAt: 0, shown: undefined };
      if (scope === undefined) this.#whole = known;
      else {
        this.#looks ??= new Map();
        this.#looks.set(scope, known);
      }
    }
    if (known.evaluation !== null && at - known.seenAt >= LEDGER_LIMITS.foldMs) {
      known.seenAt = at;
      this.#tell(presented, served, known.evaluation);
    }
    return known;
  }

  #tell(presented: PresentedClient, served: ServedHost, evaluation: Evaluation): void {
    const { document } = served;
    const [leaf] = evaluation.path;
    if (leaf === undefined) return;
    const { der: leafDer, fingerprint } = leaf;
    const ledger = this.#ledger;
    ledger.see({ document, evaluation, leafDer, fingerprint, chain: presented.chain });
    const would = observedRefusal(evaluation, served);
    const client = { fingerprint, presented };
    const connection = this.#connection;
    if (would !== null) noteObserved(ledger, { connection, client, served, rule: null, ...would });
  }

  #withoutName(): Connection {
    this.#nameless ??= { ...this.#connection, client: null };
    return this.#nameless;
  }
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
