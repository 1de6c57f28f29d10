import type { CompiledRule } from '@postern/contracts';
import type { Connection } from '../connection.ts';

const used = new WeakMap<Connection, Map<string, boolean>>();

/** Notes that a request of the connection was let through by a rule: what it began may still be under way. */
export function noteUsedRule(connection: Connection, rule: CompiledRule): void {
  const rules = used.get(connection) ?? new Map<string, boolean>();
  used.set(connection, rules);
  rules.set(rule.prefix, rule.clientCertificate !== undefined);
}

/** The prefixes of the rules that have let requests through, and whether each demanded something of its own then. */
export function usedRulesOf(connection: Connection): ReadonlyMap<string, boolean> {
  return used.get(connection) ?? new Map();
}
