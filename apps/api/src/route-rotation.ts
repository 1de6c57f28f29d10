import {
  LIMITS,
  type ResourceName,
  ROTATION_CLIENTS_MAX,
  ROTATION_OBSTACLES,
  type RotationObstacle,
  type RouteRotation,
} from '@postern/contracts';
import type { ClientRecord, RouteRecord } from '@postern/store';
import type { ApiParts } from './api-parts.ts';
import type { SeenEdge } from './edge-registry.ts';

interface Wanted {
  /** Milliseconds; a client that used the present CA that lately stands against the end. */
  readonly graceMs: number;
  /** Milliseconds since 1970: edges must have told whom they saw until then. */
  readonly upTo: number;
}

/** Says how far the clients of a route have moved to its next CA, and what stands against the end of the rotation. */
export async function rotationOf(
  parts: Pick<ApiParts, 'store' | 'edges' | 'now'>,
  project: ResourceName,
  record: RouteRecord,
  { graceMs, upTo }: Wanted,
): Promise<RouteRotation> {
  const now = parts.now();
  const { name: current = null, next } = record.spec.tls?.clientValidationCa ?? {};
  const edges = parts.edges.listSeen(now, graceMs);
  const used =
    current === null || next === undefined
      ? []
      : await usersOfOldCa(parts, project, { route: record.name, current, next: next.name });
  const recentTotal = used.filter(({ lastAt }) => lastAt > now - graceMs).length;
  const obstacles = next === undefined ? [obstacle('not_rotating')] : obstaclesOf(edges, upTo);
  if (recentTotal > 0) {
    const many = recentTotal === 1 ? '1 client' : `${recentTotal} clients`;
    obstacles.push(obstacle('client_recent', `${many} used ${current} within the grace time`));
  }
  return {
    route: record.name,
    version: record.version,
    current,
    next: next?.name ?? null,
    graceMs,
    finishable: obstacles.length === 0,
    obstacles,
    edges: edges.map(({ edge, connected, lastSeenAt, sightingsUpTo }) => ({
      edge,
      connected,
      lastSeenAt: isoOf(lastSeenAt),
      reportedUpTo: sightingsUpTo === 0 ? null : isoOf(sightingsUpTo),
    })),
    clients: used
      .toSorted((a, b) => b.lastAt - a.lastAt)
      .slice(0, ROTATION_CLIENTS_MAX)
      .map(({ fingerprint, subject, issuer, notAfter, lastAt }) => ({
        fingerprint,
        subject,
        issuer,
        notAfter: isoOf(notAfter),
        lastAt: isoOf(lastAt),
        recent: lastAt > now - graceMs,
      })),
    clientsTotal: used.length,
    recentTotal,
  };
}

function obstaclesOf(edges: readonly SeenEdge[], upTo: number): { code: string; message: string }[] {
  if (edges.length === 0) return [obstacle('no_edge')];
  return edges.flatMap(({ edge, connected, lastSeenAt, sightingsUpTo }) => {
    if (!connected)
      return [obstacle('edge_unreachable', `edge ${edge} was last heard of at ${isoOf(lastSeenAt)}`)];
    if (sightingsUpTo >= upTo) return [];
    return [obstacle('edge_not_reported', `edge ${edge} has not told yet whom it saw until ${isoOf(upTo)}`)];
  });
}

function obstacle(code: RotationObstacle, message: string = ROTATION_OBSTACLES[code]) {
  return { code, message };
}

/** A client of the present CA; `lastAt` (milliseconds since 1970) is when that CA let it in last. */
interface OldUser extends Pick<ClientRecord, 'fingerprint' | 'subject' | 'issuer' | 'notAfter'> {
  readonly lastAt: number;
}

async function usersOfOldCa(
  { store }: Pick<ApiParts, 'store'>,
  project: ResourceName,
  { route, current, next }: { route: string; current: string; next: string },
): Promise<OldUser[]> {
  const users: OldUser[] = [];
  let after: string | undefined;
  do {
    const page = await store.listClients(project, { limit: LIMITS.listLimitMax, route, ca: current, after });
    for (const client of page.items) {
      const lastBy = (ca: string) =>
        Math.max(
          0,
          ...client.hosts
            .filter((host) => host.route === route && host.ca === ca && host.verdict === 'admit')
            .map(({ lastAt }) => lastAt),
        );
      const lastAt = lastBy(current);
      // Whom the next CA has let in since need not do anything any more.
      if (lastAt > 0 && lastBy(next) < lastAt) users.push({ ...client, lastAt });
    }
    after = page.next ?? undefined;
  } while (after !== undefined);
  return users;
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
