import {
  type ClientBundle,
  evaluateRequest,
  indexRevocations,
  type PolicySources,
  predictHandshake,
  type RequestEvaluation,
  readAnchors,
} from '@postern/admission';
import type { HostDocument } from '@postern/contracts';
import type { TestRequest } from './read-test-request.ts';

/** A route as an edge would know it: what it is compiled to, and what that refers to. */
export interface KnownRoute {
  readonly name: string;
  readonly document: HostDocument;
  readonly sources: PolicySources;
  /** Names of the client CAs' secrets by the ids of their bundles. */
  readonly caNames: ReadonlyMap<string, string>;
}

/** Makes a bundle of anchors' DERs under its id; one that cannot be read vouches for nobody. */
export function bundleOf(id: string, ders: readonly Buffer[]): ClientBundle {
  return { name: id, contentHash: id, anchors: readAnchors(ders) };
}

/** What is known where nothing is revoked. */
export function sourcesOf(
  bundles: readonly ClientBundle[],
  revocations: Parameters<typeof indexRevocations>[0] = [],
  lists: PolicySources['lists'] = [],
): PolicySources {
  return {
    bundles: new Map(bundles.map((bundle) => [bundle.name, bundle])),
    revocations: revocations.length === 0 ? null : indexRevocations(revocations),
    lists,
  };
}

/**
 * Evaluates a request of a client that shows this chain (null: none) as an edge does, OpenSSL's part predicted. `now` is
 * milliseconds since 1970.
 */
export function evaluateKnownRoute(
  { document, sources }: KnownRoute,
  request: Omit<TestRequest, 'ignoredFields'>,
  chain: readonly Buffer[] | null,
  now: number,
): RequestEvaluation {
  const nodes = [...sources.bundles.values()].flatMap(({ anchors }) => anchors.nodes);
  // A handshake trusts the anchors of all bundles at once.
  const all = readAnchors(nodes.map(({ fields }) => fields.der));
  const client = predictHandshake(chain ?? [], all, now);
  return evaluateRequest(document, { ...request, client }, { ...sources, now });
}
