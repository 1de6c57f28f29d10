import { type ClientPolicy, type CompiledMatchers, compileMatchers } from '@postern/admission';
import type { CertificateDocument, HostDocument, Hostname } from '@postern/contracts';
import type { ServedHost } from '../connection.ts';
import type { ClientEvaluator } from '../tls/client-evaluator.ts';
import { type CheckedBundle, UnusableDocument } from './read-documents.ts';

/** A served host with what its handshakes need. */
export interface EdgeHost extends ServedHost {
  /** The name of its document: the host, or the wildcard that covers it. */
  readonly id: Hostname;
  readonly revision: number;
  /** The anchors that must vouch for clients; null on hosts that ask for no certificate. */
  readonly bundle: CheckedBundle | null;
  /** What a client must fulfil; null on hosts that ask for no certificate. */
  readonly policy: ClientPolicy | null;
  readonly certificateId: string;
  readonly certificate: CertificateDocument;
  /** `KIND ID` of every feed document it is made of. */
  readonly dependsOn: readonly string[];
}

/** Compiles a host from its checked documents. Throws UnusableDocument when its matchers do not compile. */
export function makeServedHost(
  parts: Omit<EdgeHost, 'policyVersion' | 'policy' | 'evaluate'>,
  evaluator: ClientEvaluator,
): EdgeHost {
  const { document, bundle } = parts;
  const policy = bundle === null ? null : policyOf(document, bundle);
  return {
    ...parts,
    policy,
    policyVersion: bundle === null ? 'open' : `require ${bundle.contentHash}`,
    evaluate: (client) => evaluator.evaluate(client, policy ?? NOBODY),
  };
}

/** An open host has no clients to judge; should it ever be asked, it vouches for none. */
const NOBODY: ClientPolicy = { bundles: [], matchers: null, revocations: null };

function policyOf(document: HostDocument, { contentHash, anchors }: CheckedBundle): ClientPolicy {
  const name = document.clientCertificate?.trustBundle ?? '';
  return {
    bundles: [{ name, contentHash, anchors }],
    matchers: compileSubjects(document),
    revocations: null,
  };
}

function compileSubjects(document: HostDocument): CompiledMatchers | null {
  const list = document.clientCertificate?.subjectMatches ?? null;
  if (list === null) return null;
  const compiled = compileMatchers(list);
  if (compiled.ok) return compiled;
  const [finding] = compiled.findings;
  throw new UnusableDocument(
    'unusable_document',
    `a matcher cannot be used: ${finding?.message ?? 'unknown'}`,
  );
}
