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

/** The one place where a host document becomes a policy, at edges and for `explain`: what it demands of its clients, null where nothing; or what is wrong with its matchers. */
export function clientPolicyOf(
  { clientCertificate, route }: HostDocument,
  { bundles, revocations, lists }: PolicySources,
): { ok: true; policy: ClientPolicy | null } | { ok: false; findings: Finding[] } {
  if (clientCertificate === null) return { ok: true, policy: null };
  const { trustBundle, nextTrustBundle, subjectMatches } = clientCertificate;
  const matchers = subjectMatches === null ? null : compileMatchers(subjectMatches);
  if (matchers?.ok === false) return matchers;
  // The next CA of a rotation comes first: whom both vouch for counts as moved.
  const trusted = [nextTrustBundle, trustBundle].flatMap((id) => bundles.get(id ?? '') ?? []);
  return {
    ok: true,
    policy: {
      bundles: trusted,
      matchers,
      revocations: revocationJudge({ index: revocations, lists, route, bundles: trusted }),
    },
  };
}
