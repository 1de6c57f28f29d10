import { hash } from 'node:crypto';
import {
  type CheckedList,
  compileRuleDemands,
  type HostPolicy,
  hostPolicyOf,
  type RevocationIndex,
} from '@postern/admission';
import type { CertificateDocument, Finding, HostDocument, Hostname } from '@postern/contracts';
import { type ClientIdentity, isObserved, type ServedHost } from '../connection.ts';
import type { ClientEvaluator } from '../tls/client-evaluator.ts';
import { type CheckedBundle, UnusableDocument } from './read-documents.ts';

/** A served host with what its handshakes need. */
export interface EdgeHost extends ServedHost {
  /** The name of its document: the host, or the wildcard that covers it. */
  readonly id: Hostname;
  readonly revision: number;
  /** The anchors that may vouch for clients, by the ids of their bundles, in the order of the handshake; none on hosts that ask nobody. */
  readonly bundles: ReadonlyMap<string, CheckedBundle>;
  /** What is revoked in the project; null where nothing ever was. */
  readonly revocations: RevocationIndex | null;
  /** The revocation lists of its CAs. */
  readonly lists: readonly CheckedList[];
  /** What clients must fulfil, on the host and by its rules. */
  readonly policy: HostPolicy;
  /** The certificates above the leaf, as they were sent, on all ways to a CA that vouches for the client here. */
  intermediatesOf(client: ClientIdentity): readonly Buffer[];
  readonly certificateId: string;
  readonly certificate: CertificateDocument;
  /** Says which certificate and key these are, by their content. */
  readonly certificateHash: string;
  /** Everything that decides whom the host admits, and the host itself: where any of it changes, every session ends. */
  readonly sessionDomain: string;
  /** `KIND ID` of every feed document it is made of. */
  readonly dependsOn: readonly string[];
}

/** What is made of a host's documents. */
type HostVerdicts = Pick<
  EdgeHost,
  | 'policyVersion'
  | 'certificateHash'
  | 'sessionDomain'
  | 'hasRuleCas'
  | 'policy'
  | 'intermediatesOf'
  | 'evaluate'
  | 'evaluateForRule'
  | 'judgeRule'
>;

/** Compiles a host from its checked documents. Throws UnusableDocument when its matchers do not compile, or its demands contradict each other. */
export function makeServedHost(
  parts: Omit<EdgeHost, keyof HostVerdicts>,
  evaluator: ClientEvaluator,
): EdgeHost {
  const { id, document, bundles, revocations, lists, certificate } = parts;
  const contradiction = contradictionOf(document);
  if (contradiction !== null) throw new UnusableDocument('unusable_document', contradiction);
  const named = new Map(
    [...bundles].map(([name, { contentHash, anchors }]) => [name, { name, contentHash, anchors }]),
  );
  const read = hostPolicyOf(document, { bundles: named, revocations, lists });
  if (!read.ok) throw unusableMatcher(read.findings);
  const { policy } = read;
  const demands = compileRuleDemands(document.rules);
  if (!demands.ok) throw unusableMatcher(demands.findings);
  const policyVersion = policyVersionOf(document, bundles);
  return {
    ...parts,
    policy,
    policyVersion,
    // Every handshake asks for these two.
    certificateHash: hash('sha256', `${certificate.chainPem}\0${certificate.sealedKey}`, 'hex'),
    sessionDomain: sessionDomainOf(id, policyVersion, document),
    hasRuleCas: policy.ofRules.size > 0,
    intermediatesOf: (client) => intermediatesOf(client, policy, evaluator),
    evaluate: (client) => evaluator.evaluateForHost(client, policy),
    evaluateForRule: (rule, client) => evaluator.evaluateForRule(client, policy, rule),
    judgeRule: (rule, client) => demands.judge(rule, client),
  };
}

function intermediatesOf(
  { presented, chainDer }: ClientIdentity,
  { own, ofRules }: HostPolicy,
  evaluator: ClientEvaluator,
): readonly Buffer[] {
  if (ofRules.size === 0) return chainDer;
  // Each rule must find on a resumed connection what it found on the first one.
  const found = new Set<Buffer>();
  for (const policy of [own, ...ofRules.values()]) {
    const evaluation = policy === null ? null : evaluator.evaluate(presented, policy);
    if (evaluation === null || evaluation.anchor === null) continue;
    for (const { source, der } of evaluation.path) {
      if (source === 'sent' && ![...found].some((other) => other.equals(der))) found.add(der);
    }
  }
  return [...found];
}

/** What of a document could leave a demand without effect. A compiled one never has it; one that does is not served. */
function contradictionOf({ clientCertificate, rules }: HostDocument): string | null {
  const demands = rules.flatMap((rule) => rule.clientCertificate ?? []);
  if (clientCertificate === null) {
    return demands.length > 0 ? 'a rule demands a certificate that the host does not ask for' : null;
  }
  const { mode, trustBundle, nextTrustBundle, observe } = clientCertificate;
  if (observe === true && demands.length > 0) return 'a rule demands what the host only observes';
  if (mode === 'require') return trustBundle === null ? 'certificates are demanded of no CA' : null;
  if (trustBundle !== null || nextTrustBundle !== undefined || observe === true)
    return 'a CA of the host is named where only rules demand one';
  return demands.length === 0 || demands.some((demand) => demand.trustBundle === undefined)
    ? 'a certificate is asked for without a CA that could vouch for it'
    : null;
}

/** Says what decides in a handshake: whether a certificate is asked for, and which anchors vouch for it where, by their content. */
function policyVersionOf(document: HostDocument, bundles: EdgeHost['bundles']): string {
  const { clientCertificate, rules } = document;
  if (clientCertificate === null) return 'open';
  const { mode, trustBundle, nextTrustBundle } = clientCertificate;
  const hashOf = (id: string) => bundles.get(id)?.contentHash ?? '';
  const ofRules = new Set(rules.flatMap((rule) => rule.clientCertificate?.trustBundle ?? []));
  return [
    isObserved({ document }) ? 'observe' : mode,
    ...(trustBundle === null ? [] : [hashOf(trustBundle)]),
    ...(nextTrustBundle === undefined ? [] : ['next', hashOf(nextTrustBundle)]),
    ...(ofRules.size === 0 ? [] : ['rules', ...[...ofRules].map(hashOf)]),
  ].join(' ');
}

function sessionDomainOf(
  id: Hostname,
  policyVersion: string,
  { clientCertificate, rules }: HostDocument,
): string {
  const ofRules = rules.flatMap((rule) => {
    const bundle = rule.clientCertificate?.trustBundle;
    return bundle === undefined ? [] : [[rule.prefix, bundle]];
  });
  return JSON.stringify([id, policyVersion, clientCertificate, ...ofRules]);
}

function unusableMatcher([finding]: readonly Finding[]): UnusableDocument {
  return new UnusableDocument(
    'unusable_document',
    `a matcher cannot be used: ${finding?.message ?? 'unknown'}`,
  );
}
