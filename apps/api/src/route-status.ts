import type { RouteStatus } from '@postern/contracts';
import type { RouteRecord } from '@postern/store';
import type { ConnectedEdge } from './edge-registry.ts';

/** Says whether a route is served by every connected edge, or the first reason why it is not. */
export function routeStatusOf(
  record: RouteRecord,
  edges: readonly ConnectedEdge[],
  publicHttpsPort: number,
): RouteStatus {
  const { document, revision } = record;
  const url = `https://${document.host}${publicHttpsPort === 443 ? '' : `:${publicHttpsPort}`}`;
  const is = (reason: string, message: string): RouteStatus => ({
    ready: reason === 'ready',
    reason,
    message,
    url,
    revision,
  });
  if (document.closed !== null) return is('closed', document.closed.message);
  if (document.certificate === null) {
    return is('certificate_pending', 'the server certificate is not there yet');
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
  return is('ready', 'every connected edge serves this route');
}
