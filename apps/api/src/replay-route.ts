import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type CheckedList,
  compareHosts,
  indexRevocations,
  type ReplayedHost,
  readAnchors,
  readCheckedList,
} from '@postern/admission';
import {
  crlDocument,
  type ResourceName,
  type RouteReplay,
  revocationDocument,
  type TrustBundle,
  trustBundle,
} from '@postern/contracts';
import { parseCertificatesPem } from '@postern/pki';
import type { DraftHost, Target } from '@postern/store';
import type { ApiParts } from './api-parts.ts';
import { type SeenClient, seenClients } from './seen-clients.ts';

/** Clients judged in one replay: a few ms of work each. */
const CLIENTS_MAX = 2_000;
/** Milliseconds of one slice of the work; others are served between two. */
const SLICE_MS = 10;

interface Replay {
  readonly target: Target;
  readonly present: DraftHost;
  readonly next: DraftHost;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Ends the work; what is not judged then is not told. */
  readonly signal: AbortSignal;
}

/** Judges the clients that a route has seen and refused lately by two forms of it, and tells whom the difference concerns. */
export async function replayRoute(
  { store, now }: Pick<ApiParts, 'store' | 'now'>,
  { target, present, next, since, signal }: Replay,
): Promise<RouteReplay> {
  const seen = await seenClients(store, target, since, CLIENTS_MAX);
  const compare = compareHosts(hostOf(present), hostOf(next));
  const at = now();
  const changes: RouteReplay['changes'] = [];
  let { unknown } = seen;
  let sliceEndsAt = performance.now() + SLICE_MS;
  for (const client of seen.clients) {
    signal.throwIfAborted();
    const chain = await chainOf(store, client);
    if (chain === null) {
      unknown += 1;
      continue;
    }
    const { fingerprint, subject, issuer, hosts } = client;
    const who = {
      fingerprint,
      subject,
      issuer,
      lastAt: new Date(client.lastAt).toISOString(),
      hosts: [...hosts],
    };
    changes.push(...compare(chain, at).map((change) => ({ ...who, ...change })));
    if (performance.now() < sliceEndsAt) continue;
    await nextTurn();
    sliceEndsAt = performance.now() + SLICE_MS;
  }
  return {
    route: target.name as ResourceName,
    since: new Date(since).toISOString(),
    clients: seen.clients.length - (unknown - seen.unknown),
    unknown,
    more: seen.more,
    changes,
  };
}

async function chainOf(store: ApiParts['store'], { chainHash }: SeenClient): Promise<Buffer[] | null> {
  if (chainHash === undefined) return [];
  const certificates = chainHash === null ? null : await store.getPresentedChain(chainHash);
  return certificates?.map((base64) => Buffer.from(base64, 'base64')) ?? null;
}

function hostOf({ document, bundles, crls, revocations }: DraftHost): ReplayedHost {
  const revoked = revocationDocument.safeParse(revocations);
  return {
    document,
    sources: {
      bundles: new Map(
        [...bundles].flatMap(([id, body]) => {
          const parsed = trustBundle.safeParse(body);
          return parsed.success ? [[id, bundleOf(id, parsed.data)] as const] : [];
        }),
      ),
      revocations: revoked.success ? indexRevocations(revoked.data.entries) : null,
      lists: [...crls].flatMap(([id, body]) => listOf(id, body)),
    },
  };
}

/** Nothing of a list that cannot be used: edges close its hosts, and say so. */
function listOf(id: string, body: unknown): CheckedList[] {
  const parsed = crlDocument.safeParse(body);
  try {
    return parsed.success ? [readCheckedList(id, parsed.data)] : [];
  } catch {
    return [];
  }
}

function bundleOf(name: string, { contentHash, anchorsPem }: TrustBundle) {
  const parsed = parseCertificatesPem(anchorsPem.join('\n'), { pointer: '' });
  return {
    name,
    contentHash,
    anchors: readAnchors(parsed.ok ? parsed.certificates.map(({ der }) => der) : []),
  };
}
