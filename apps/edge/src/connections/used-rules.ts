import type { CompiledRule } from '@postern/contracts';
import type { Connection } from '../connection.ts';

/** What a rule that has let requests through demanded then, and until when (milliseconds since 1970) what it admitted by holds. */
export interface UsedRule {
  readonly demanded: boolean;
  readonly validUntil: number;
}

/** The rules that have let requests of a connection through, by their prefixes. */
export type UsedRules = Map<string, UsedRule>;

const NONE: ReadonlyMap<string, UsedRule> = new Map();
const used = new WeakMap<Connection, UsedRules>();

/** Where the used rules of a connection are noted: asked for once, since each request comes to it. */
export function usedRulesFor(connection: Connection): UsedRules {
  const known = used.get(connection);
  if (known !== undefined) return known;
  const rules: UsedRules = new Map();
  used.set(connection, rules);
  return rules;
}

/** Notes that a request of the connection was let through by a rule: what it began may still be under way. */
export function noteUsedRule(rules: UsedRules, rule: CompiledRule, validUntil: number): void {
  const demanded = rule.clientCertificate !== undefined;
  const known = rules.get(rule.prefix);
  if (known?.validUntil !== validUntil || known.demanded !== demanded)
    rules.set(rule.prefix, { demanded, validUntil });
}

/** Notes that what the rules admitted by has been looked at again, and holds until then. */
export function renewUsedRules(connection: Connection, validUntil: number): void {
  const rules = used.get(connection);
  for (const [prefix, { demanded }] of rules ?? []) rules?.set(prefix, { demanded, validUntil });
}

/** The rules that have let requests through, by their prefixes. */
export function usedRulesOf(connection: Connection): ReadonlyMap<string, UsedRule> {
  return used.get(connection) ?? NONE;
}

/** The first moment (milliseconds since 1970) at which one of them may no longer admit the client. */
export function usedUntil(connection: Connection): number {
  let until = Number.POSITIVE_INFINITY;
  for (const { validUntil } of usedRulesOf(connection).values()) until = Math.min(until, validUntil);
  return until;
}
