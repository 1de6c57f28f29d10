import { nearest, type SubjectMatcher } from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';

/** What of a rule the flags look at and change. */
interface RuleOfCa {
  readonly prefix: string;
  readonly clientCertificate?:
    | {
        readonly ca?: { readonly name: string } | undefined;
        readonly subjectMatches?: SubjectMatcher[] | undefined;
      }
    | undefined;
}

/**
 * Gives rules CAs of their own (`/prefix=secret`, split at the last `=`), after taking those from the rules of `removed` prefixes; matchers
 * stay. Usage failure for a prefix that the route does not have, and for one whose CA is removed that has none.
 */
export function mergePathCas<Rule extends RuleOfCa>(
  rules: readonly Rule[],
  added: readonly string[],
  removed: readonly string[],
): Rule[] {
  const cas = new Map<string, string | null>();
  for (const prefix of removed) {
    const rule = ruleAt(rules, prefix, '--remove-path-client-ca');
    if (rule.clientCertificate?.ca === undefined)
      throw usageFailure(`--remove-path-client-ca "${prefix}": the path has no client CA of its own`);
    cas.set(prefix, null);
  }
  const given = new Set<string>();
  for (const text of added) {
    const { prefix, secret } = parsePathCaFlag(text);
    if (given.has(prefix)) throw usageFailure(`--path-client-ca names the prefix "${prefix}" twice`);
    given.add(prefix);
    ruleAt(rules, prefix, '--path-client-ca');
    cas.set(prefix, secret);
  }
  return rules.map((rule) => {
    const name = cas.get(rule.prefix);
    return name === undefined ? rule : withCa(rule, name);
  });
}

function withCa<Rule extends RuleOfCa>(rule: Rule, name: string | null): Rule {
  const { clientCertificate, ...rest } = rule;
  const { ca: _, ...kept } = clientCertificate ?? {};
  const demand = name === null ? kept : { ca: { name }, ...kept };
  return (Object.keys(demand).length === 0 ? rest : { ...rest, clientCertificate: demand }) as Rule;
}

function ruleAt<Rule extends RuleOfCa>(rules: readonly Rule[], prefix: string, flag: string): Rule {
  const rule = rules.find((one) => one.prefix === prefix);
  if (rule !== undefined) return rule;
  const prefixes = rules.map((one) => one.prefix);
  const near = nearest(prefix, prefixes);
  throw usageFailure(
    `${flag} "${prefix}": the route has no such path`,
    near === undefined ? `the route has ${prefixes.join(', ') || 'none'}` : `did you mean "${near}"?`,
  );
}

function parsePathCaFlag(text: string): { prefix: string; secret: string } {
  const equals = text.lastIndexOf('=');
  if (equals <= 0 || equals === text.length - 1) {
    throw usageFailure(
      `--path-client-ca "${text}" needs PREFIX=SECRET`,
      'like --path-client-ca /partners=partner-ca',
    );
  }
  return { prefix: text.slice(0, equals), secret: text.slice(equals + 1) };
}
