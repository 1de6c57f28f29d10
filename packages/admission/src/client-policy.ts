import type { Finding, HostDocument } from '@postern/contracts';
import type { ClientBundle } from './client-path.ts';
import { compileMatchers } from './compile-matchers.ts';
import type { ClientPolicy } from './evaluation-input.ts';
import { type CheckedList, revocationJudge } from './revocation/judge-revocation.ts';
import type { RevocationIndex } from './revocation/revocation-index.ts';

/** What a host document refers to. */
export interface PolicySources {
  /** Trust bundles by their ids. One that is not there vouches for nobody. */
  readonly bundles: ReadonlyMap<string, ClientBundle>;
  /** What is revoked in the project; null: nothing is. */
  readonly revocations: RevocationIndex | null;
  /** The revocation lists of the host's CAs. */
  readonly lists: readonly CheckedList[];
}

/** What a host demands of its clients, by itself and by those of its rules that name a CA of their own. */
export interface HostPolicy {
  /** What holds wherever no rule names a CA; null: nothing is demanded there. */
  readonly own: ClientPolicy | null;
  /** What holds for rules that name a CA, by the id of their trust bundle: the names that the host demands, and that CA alone. */
  readonly ofRules: ReadonlyMap<string, ClientPolicy>;
}

/** The one place where a host document becomes what edges and `explain` judge clients by; or what is wrong with its matchers. */
export function hostPolicyOf(
  { clientCertificate, route, rules }: HostDocument,
  { bundles, revocations, lists }: PolicySources,
): { ok: true; policy: HostPolicy } | { ok: false; findings: Finding[] } {
  if (clientCertificate === null) return { ok: true, policy: { own: null, ofRules: new Map() } };
  const { mode, trustBundle, nextTrustBundle, subjectMatches } = clientCertificate;
  const matchers = subjectMatches === null ? null : compileMatchers(subjectMatches);
  if (matchers?.ok === false) return matchers;
  // Of all CAs of the host, so that a revocation for one CA holds for whomever it vouches for, whatever rule is asked.
  const judge = revocationJudge({ index: revocations, lists, route, bundles: [...bundles.values()] });
  const policyOf = (ids: readonly (string | null | undefined)[]): ClientPolicy => ({
    bundles: ids.flatMap((id) => bundles.get(id ?? '') ?? []),
    matchers,
    revocations: judge,
  });
  const demanded = new Set(rules.flatMap((rule) => rule.clientCertificate?.trustBundle ?? []));
  return {
    ok: true,
    policy: {
      // The next CA of a rotation comes first: whom both vouch for counts as moved.
      own: mode === 'request' ? null : policyOf([nextTrustBundle, trustBundle]),
      ofRules: new Map([...demanded].map((id) => [id, policyOf([id])])),
    },
  };
}
