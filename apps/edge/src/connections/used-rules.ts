import type { CompiledRule } from '@postern/contracts';
import type { Connection, UsedRule } from '../connection.ts';

const NONE: ReadonlyMap<string, UsedRule> = new Map();

/** Notes that a request of the connection was let through by a rule: what it began may still be under way. */
export function noteUsedRule({ use }: Connection, rule: CompiledRule, validUntil: number): void {
  // What the request before has noted need not be looked up.
  if (use.lastRule === rule && use.lastUntil === validUntil) return;
  use.lastRule = rule;
  use.lastUntil = validUntil;
  use.rules ??= new Map();
  const { rules } = use;
  const demanded = rule.clientCertificate !== undefined;
  const known = rules.get(rule.prefix);
  if (known?.validUntil !== validUntil || known.demanded !== demanded)
    rules.set(rule.prefix, { demanded, validUntil });
}

/** Notes that what the rules admitted by has been looked at again, and holds until then. */
export function renewUsedRules({ use }: Connection, validUntil: number): void {
  const { rules } = use;
  use.lastRule = null;
  for (const [prefix, { demanded }] of rules ?? []) rules?.set(prefix, { demanded, validUntil });
}

/** The rules that have let requests through, by their prefixes. */
export function usedRulesOf({ use }: Connection): ReadonlyMap<string, UsedRule> {
  return use.rules ?? NONE;
}

/** The first moment (milliseconds since 1970) at which one of them may no longer admit the client. */
export function usedUntil(connection: Connection): number {
  let until = Number.POSITIVE_INFINITY;
  for (const { validUntil } of usedRulesOf(connection).values()) until = Math.min(until, validUntil);
  return until;
}
