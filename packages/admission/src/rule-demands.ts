import type { CompiledRule, Finding, SubjectMatcher, Verdict } from '@postern/contracts';
import type { SubjectNames } from '@postern/pki';
import { type CompiledMatchers, compileMatchers } from './compile-matchers.ts';
import { judgeSubject } from './judge-subject.ts';

/** What the rules of one host demand of clients that the host admits. */
export interface RuleDemands {
  /** Admits where the rule demands nothing; `validUntil` is that of the host's admission. */
  judge(
    rule: Pick<CompiledRule, 'prefix'>,
    client: { readonly names: SubjectNames; readonly validUntil: number },
  ): Verdict;
}

/** A rule as a descriptor or a host document writes it. */
interface DemandingRule {
  readonly prefix: string;
  readonly clientCertificate?:
    | { readonly subjectMatches?: readonly SubjectMatcher[] | undefined }
    | undefined;
}

/**
 * Compiles what rules demand, or gives what is wrong, with pointers below that of each rule in `pointer`, a list of rules.
 *
 * All expressions of a host's rules together keep the bound of one list, so that many rules cost no more than one.
 */
export function compileRuleDemands(
  rules: readonly DemandingRule[],
  pointer = '',
): ({ ok: true } & RuleDemands) | { ok: false; findings: Finding[] } {
  const byPrefix = new Map<string, CompiledMatchers>();
  const findings: Finding[] = [];
  for (const [index, { prefix, clientCertificate }] of rules.entries()) {
    if (clientCertificate?.subjectMatches === undefined) continue;
    const place = `${pointer}/${index}/clientCertificate/subjectMatches`;
    const compiled = compileMatchers(clientCertificate.subjectMatches, place);
    if (compiled.ok) byPrefix.set(prefix, compiled);
    else findings.push(...compiled.findings);
    if (findings.length > 0) return { ok: false, findings };
  }
  const all = compileMatchers(
    rules.flatMap(({ clientCertificate }) => clientCertificate?.subjectMatches ?? []),
  );
  if (!all.ok) return { ok: false, findings: all.findings.map((finding) => ({ ...finding, pointer })) };
  return {
    ok: true,
    judge: ({ prefix }, client) => judgeSubject(client, byPrefix.get(prefix) ?? null),
  };
}
