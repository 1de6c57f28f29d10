import type { HostDocument } from '@postern/contracts';
import type { PolicySources } from './client-policy.ts';
import { evaluateRequest, type RequestEvaluation } from './evaluate-request.ts';
import { readAnchors } from './path/path-node.ts';
import { predictHandshake } from './predict-handshake.ts';

/** A host as it is, or as it would be. */
export interface ReplayedHost {
  readonly document: HostDocument;
  readonly sources: PolicySources;
}

/** What becomes of a client; `reason` is a word of REFUSAL_REASONS, or why the host is closed; null when admitted. */
export interface ReplayedVerdict {
  readonly verdict: 'admit' | 'refuse';
  readonly reason: string | null;
  readonly detail: string;
}

/** A client that would change sides; `path` null: wherever it goes on the host, else below that prefix. */
export interface ReplayedChange {
  readonly path: string | null;
  readonly now: ReplayedVerdict;
  readonly next: ReplayedVerdict;
}

/**
 * Prepares the comparison of two forms of a host: says of a client, by the DERs that it shows (leaf first; none: no certificate), on which
 * paths another side would take it. Pure; `now` in milliseconds since 1970. OpenSSL's part is predicted, as `explain` does it.
 */
export function compareHosts(
  present: ReplayedHost,
  next: ReplayedHost,
): (chain: readonly Buffer[], now: number) => ReplayedChange[] {
  const paths = pathsToCompare(present.document, next.document);
  const judgePresent = judgeOf(present);
  const judgeNext = judgeOf(next);
  return (chain, now) => {
    const before = judgePresent(chain, now);
    const after = judgeNext(chain, now);
    const changes = paths.flatMap((path) => {
      const change = { path, now: before(path), next: after(path) };
      return change.now.verdict === change.next.verdict ? [] : [change];
    });
    const [first] = changes;
    const isEverywhere = changes.length === paths.length && changes.every((one) => isSame(one, changes[0]));
    return first !== undefined && isEverywhere ? [{ ...first, path: null }] : changes;
  };
}

function isSame(one: ReplayedChange, other: ReplayedChange | undefined): boolean {
  return one.now.reason === other?.now.reason && one.next.reason === other.next.reason;
}

function judgeOf({ document, sources }: ReplayedHost) {
  const nodes = [...sources.bundles.values()].flatMap(({ anchors }) => anchors.nodes);
  const anchors = readAnchors(nodes.map(({ fields }) => fields.der));
  const host = document.host.replace(/^\*/, 'any');
  const about = { serverName: host, authority: host, method: 'GET', websocket: false };
  // Whom a host admits does not hang on its own certificate.
  const served =
    document.closed === null ? { ...document, certificate: document.certificate ?? '' } : document;
  return (chain: readonly Buffer[], now: number) => {
    const client = predictHandshake(chain, anchors, now);
    return (target: string): ReplayedVerdict =>
      verdictOf(evaluateRequest(served, { ...about, target, client }, { ...sources, now }));
  };
}

function verdictOf({ answer, client }: RequestEvaluation): ReplayedVerdict {
  if (answer.kind === 'handshake' || answer.kind === 'closed') {
    return { verdict: 'refuse', reason: answer.reason, detail: answer.detail };
  }
  if (answer.kind === 'problem' && answer.code === 'client_certificate_refused') {
    return { verdict: 'refuse', reason: client?.reason ?? 'subject_not_allowed', detail: answer.detail };
  }
  return { verdict: 'admit', reason: null, detail: client?.detail ?? 'no client certificate is demanded' };
}

/** A path for each pair of demands that a request can meet: what two rules demand alike needs no second look. */
function pathsToCompare(present: HostDocument, next: HostDocument): string[] {
  const prefixes = [...present.rules, ...next.rules].map(({ prefix }) => prefix).toSorted();
  const byDemand = new Map<string, string>();
  for (const prefix of prefixes) {
    const demand = JSON.stringify([demandAt(present, prefix), demandAt(next, prefix)]);
    if (!byDemand.has(demand)) byDemand.set(demand, prefix);
  }
  return byDemand.size === 0 ? ['/'] : [...byDemand.values()];
}

/** Rules of a document stand by their length, the longest first. */
function demandAt({ rules }: HostDocument, prefix: string): unknown {
  return rules.find((rule) => prefix.startsWith(rule.prefix))?.clientCertificate ?? null;
}
