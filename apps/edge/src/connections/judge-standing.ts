import type { CompiledRule, HostDocument, RefusalReason } from '@postern/contracts';
import { type Connection, isObserved, isRequested, type ServedHost } from '../connection.ts';
import { usedRulesOf } from './used-rules.ts';

/** What a connection was made under. */
interface JudgedConnection {
  readonly connection: Connection;
  readonly document: HostDocument;
  readonly policyVersion: string;
}

/** Why the client of an open connection is refused now. */
export interface EndReason {
  readonly reason: RefusalReason;
  readonly detail: string;
  /** Null: the host as a whole refuses. */
  readonly rule: string | null;
}

/** `until` in milliseconds since 1970. `refusal` null: nobody is refused, but the client must come anew. */
export type Standing =
  | { readonly stands: true; readonly until: number }
  | { readonly stands: false; readonly refusal: EndReason | null };

/**
 * Says whether a connection may go on under what its host demands now, and until when. A client whom the host still admits keeps its
 * connection, whatever became of other CAs.
 */
export function judgeStanding(
  { connection, document, policyVersion }: JudgedConnection,
  host: ServedHost,
): Standing {
  const { client, presented } = connection;
  if (isObserved(host) || (client === null && host.document.clientCertificate === null))
    return { stands: true, until: Number.POSITIVE_INFINITY };
  let until = Number.POSITIVE_INFINITY;
  if (isRequested(host)) {
    // Whom nobody asked could not answer, and what other anchors say of a certificate only a handshake tells.
    if (presented === null || (client === null && policyVersion !== host.policyVersion)) return ended(null);
  } else {
    const shown = client?.presented ?? presented;
    if (shown === null) return ended(NEVER_ASKED);
    const { verdict, validUntil, reason, detail } = host.evaluate(shown);
    // Let in as nobody: who would be admitted now, or by other anchors, must show itself in a handshake.
    if (client === null && (verdict === 'admit' || reason === 'chain_order')) return ended(null);
    if (verdict !== 'admit') return ended({ reason: reason ?? 'certificate_invalid', detail, rule: null });
    until = validUntil;
  }
  // What a rule has let through may still be under way, as a WebSocket.
  for (const rule of rulesToAsk(connection, document, host.document)) {
    if (rule === null) return ended(null);
    const evaluation = presented === null ? null : host.evaluateForRule(rule, presented);
    if (evaluation === null) continue;
    const { verdict, names, validUntil, reason, detail } = evaluation;
    const named = rule.name ?? rule.prefix;
    if (verdict !== 'admit' || names === null) {
      return ended({ reason: reason ?? 'certificate_invalid', detail, rule: named });
    }
    const judged = host.judgeRule(rule, { names, validUntil });
    if (judged.verdict === 'refuse') {
      return ended({ reason: judged.reason, detail: judged.detail, rule: named });
    }
    until = Math.min(until, validUntil);
  }
  return { stands: true, until };
}

const NEVER_ASKED: EndReason = {
  reason: 'certificate_missing',
  detail: 'the connection was made when the host did not demand a certificate',
  rule: null,
};

function ended(refusal: EndReason | null): Standing {
  return { stands: false, refusal };
}

/**
 * The rules whose demands what a connection has begun must fulfil: those it used, and new ones that demand something for a part of the same
 * paths. Null stands for a demand that nothing takes the place of.
 */
function* rulesToAsk(
  connection: Connection,
  before: HostDocument,
  { rules }: HostDocument,
): Generator<AskedRule | null> {
  const added = rules.filter(
    ({ prefix, clientCertificate }) =>
      clientCertificate !== undefined && !before.rules.some((rule) => rule.prefix === prefix),
  );
  for (const [prefix, { demanded }] of usedRulesOf(connection)) {
    const present = rules.find((rule) => rule.prefix === prefix);
    if (present === undefined && demanded) yield null;
    yield present ?? ruleAbove(prefix, rules) ?? { prefix };
    yield* added.filter((rule) => rule.prefix.startsWith(prefix));
  }
}

/** The rule that the paths of one that is gone fall to; without any, what holds without a rule does. */
function ruleAbove(prefix: string, rules: HostDocument['rules']): CompiledRule | undefined {
  const above = rules.filter((rule) => prefix.startsWith(rule.prefix));
  return above.toSorted((one, other) => other.prefix.length - one.prefix.length)[0];
}

/** A rule, or what stands for one that is gone. */
type AskedRule = Pick<CompiledRule, 'prefix' | 'clientCertificate'> & { readonly name?: string | null };
