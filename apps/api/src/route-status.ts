import type { RouteCondition, RouteStatus } from '@postern/contracts';
import type { RouteRecord } from '@postern/store';
import { certificateConditionOf } from './certificate-condition.ts';
import type { ConnectedEdge } from './edge-registry.ts';

/**
 * Says whether a route is served by every connected edge, or the first reason why it is not. `sinceOf` gives since when
 * (milliseconds since 1970) a reason holds.
 */
export function routeStatusOf(
  record: RouteRecord,
  edges: readonly ConnectedEdge[],
  publicHttpsPort: number,
  sinceOf: (reason: string) => number,
  now: number,
): RouteStatus {
  const { document, revision } = record;
  const url = `https://${document.host}${publicHttpsPort === 443 ? '' : `:${publicHttpsPort}`}`;
  const certificate = certificateConditionOf(record, now);
  const is = (reason: string, message: string): RouteStatus => {
    const lastTransitionAt = new Date(sinceOf(reason)).toISOString();
    const isReady = reason === 'ready';
    const ready: RouteCondition = { type: 'Ready', status: isReady, reason, message, lastTransitionAt };
    const conditions = [certificate, ready];
    return { ready: isReady, reason, message, lastTransitionAt, conditions, url, revision };
  };
  if (document.closed !== null) return is('closed', document.closed.message);
  if (document.certificate === null) {
    return is('certificate_pending', certificate.message);
  }
  if (edges.length === 0) return is('no_edge', 'no edge is connected to the API');
  const behind = edges.filter((edge) => edge.appliedRevision < revision);
  if (behind.length > 0) {
    return is('not_applied', `not served yet by ${behind.map((edge) => edge.edge).join(', ')}`);
  }
  for (const edge of edges) {
    const why = edge.closedHosts.get(document.host);
    if (why !== undefined) return is('closed', `closed by ${edge.edge}: ${why}`);
  }
  const dead = deadServicesOf(record, edges);
  // Still ready: the route is served, and an edge that finds all targets unhealthy tries them all the same.
  const but =
    dead.length === 0
      ? ''
      : `; no target is healthy of ${dead.map((name) => `service "${name}"`).join(', ')}`;
  return is('ready', `every connected edge serves this route${but}`);
}

/** Services of a route of which some edge finds every target unhealthy. */
function deadServicesOf({ document }: RouteRecord, edges: readonly ConnectedEdge[]): string[] {
  return Object.keys(document.services).filter(
    (name) =>
      document.services[name]?.healthCheck !== undefined &&
      edges.some(({ targets }) => {
        const seen = targets.ofService(`${document.project}/${name}`);
        return seen.length > 0 && seen.every(({ state }) => state === 'unhealthy');
      }),
  );
}
