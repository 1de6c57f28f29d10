import {
  type CheckedList,
  type ClientBundle,
  type ClientPolicy,
  clientPolicyOf,
  compileRuleDemands,
  type RevocationIndex,
} from '@postern/admission';
import type { CertificateDocument, Finding, Hostname } from '@postern/contracts';
import { isObserved, type ServedHost } from '../connection.ts';
import type { ClientEvaluator } from '../tls/client-evaluator.ts';
import { type CheckedBundle, UnusableDocument } from './read-documents.ts';

/** A served host with what its handshakes need. */
export interface EdgeHost extends ServedHost {
  /** The name of its document: the host, or the wildcard that covers it. */
  readonly id: Hostname;
  readonly revision: number;
  /** The anchors that must vouch for clients; null on hosts that ask for no certificate. */
  readonly bundle: CheckedBundle | null;
  /** During a rotation, the anchors that take the place of those of `bundle`; both vouch for clients meanwhile. */
  readonly nextBundle: CheckedBundle | null;
  /** What is revoked in the project; null where nothing ever was. */
  readonly revocations: RevocationIndex | null;
  /** The revocation lists of its CAs. */
  readonly lists: readonly CheckedList[];
  /** What a client must fulfil; null on hosts that ask for no certificate. */
  readonly policy: ClientPolicy | null;
  readonly certificateId: string;
  readonly certificate: CertificateDocument;
  /** `KIND ID` of every feed document it is made of. */
  readonly dependsOn: readonly string[];
}

/** Compiles a host from its checked documents. Throws UnusableDocument when its matchers do not compile. */
export function makeServedHost(
  parts: Omit<EdgeHost, 'policyVersion' | 'policy' | 'evaluate' | 'judgeRule'>,
  evaluator: ClientEvaluator,
): EdgeHost {
  const { document, bundle, nextBundle } = parts;
  // A demand of a rule would be none where nobody is refused.
  if (isObserved({ document }) && document.rules.some((rule) => 'clientCertificate' in rule)) {
    throw new UnusableDocument('unusable_document', 'a rule demands what the host only observes');
  }
  const policy = policyOf(parts);
  const demands = compileRuleDemands(document.rules);
  if (!demands.ok) throw unusableMatcher(demands.findings);
  return {
    ...parts,
    policy,
    policyVersion:
      bundle === null
        ? 'open'
        : `${isObserved({ document }) ? 'observe' : 'require'} ${trustOf(bundle, nextBundle)}`,
    evaluate: (client) => evaluator.evaluate(client, policy ?? NOBODY),
    judgeRule: (rule, client) => demands.judge(rule, client),
  };
}

/** An open host has no clients to judge; should it ever be asked, it vouches for none. */
const NOBODY: ClientPolicy = { bundles: [], matchers: null, revocations: null };

/** Says which anchors vouch for clients, by their content. */
function trustOf(bundle: CheckedBundle, next: CheckedBundle | null): string {
  return next === null ? bundle.contentHash : `${bundle.contentHash} next ${next.contentHash}`;
}

function policyOf({
  document,
  bundle,
  nextBundle,
  revocations,
  lists,
}: Pick<EdgeHost, 'document' | 'bundle' | 'nextBundle' | 'revocations' | 'lists'>): ClientPolicy | null {
  const { trustBundle, nextTrustBundle } = document.clientCertificate ?? {};
  const bundles = new Map<string, ClientBundle>();
  const add = (name: string | undefined, checked: CheckedBundle | null): void => {
    if (name === undefined || checked === null) return;
    bundles.set(name, { name, contentHash: checked.contentHash, anchors: checked.anchors });
  };
  add(trustBundle, bundle);
  add(nextTrustBundle, nextBundle);
  const read = clientPolicyOf(document, { bundles, revocations, lists });
  if (read.ok) return read.policy;
  throw unusableMatcher(read.findings);
}

function unusableMatcher([finding]: readonly Finding[]): UnusableDocument {
  return new UnusableDocument(
    'unusable_document',
    `a matcher cannot be used: ${finding?.message ?? 'unknown'}`,
  );
}
