import type { Finding, RouteDescriptor, Rule } from '@postern/contracts';

/**
 * Warns of rules that demand something of clients below a prefix with a "/" at its end, where the path without it goes by another demand:
 * many servers answer both alike.
 */
export function rulePrefixDoubts({ routes }: RouteDescriptor): Finding[] {
  return routes.flatMap((rule, index): Finding[] => {
    const { prefix, clientCertificate } = rule;
    if (clientCertificate === undefined || prefix === '/' || !prefix.endsWith('/')) return [];
    const path = prefix.slice(0, -1);
    const other = ruleOf(path, routes);
    if (other === undefined || demandOf(other) === demandOf(rule)) return [];
    return [
      {
        severity: 'warning',
        code: 'rule_demand_slash',
        message: `"${path}" goes by the rule "${other.prefix}", which demands something else; many servers answer it like "${prefix}"`,
        pointer: `/routes/${index}/prefix`,
        hint: `write "${path}"`,
      },
    ];
  });
}

/** As edges choose: the longest prefix that begins the path. */
function ruleOf(path: string, routes: readonly Rule[]): Rule | undefined {
  const found = routes.filter(({ prefix }) => path.startsWith(prefix));
  return found.toSorted((one, other) => other.prefix.length - one.prefix.length)[0];
}

function demandOf({ clientCertificate }: Rule): string {
  return JSON.stringify(clientCertificate ?? null);
}
