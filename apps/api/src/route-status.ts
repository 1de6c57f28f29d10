import type { RouteCondition, RouteStatus } from '@postern/contracts';
import type { HostnameRecord, RouteRecord } from '@postern/store';
import { certificateConditionOf } from './certificate-condition.ts';
import type { ConnectedEdge } from './edge-registry.ts';
import { hostnameMessageOf } from './hostname-resource.ts';

/**
 * Says whether a route is served by every connected edge, or the first reason why it is not. `sinceOf` gives since when
 * (milliseconds since 1970) a reason holds; `secretEnds` when the certificate of the secret that it names expires.
 */
export function routeStatusOf(
  record: RouteRecord,
  edges: readonly ConnectedEdge[],
  publicHttpsPort: number,
  sinceOf: (reason: string) => number,
  now: number,
  secretEnds: number | null = null,
): RouteStatus {
  const { document, revision } = record;
  const url = `https://${document.host}${publicHttpsPort === 443 ? '' : `:${publicHttpsPort}`}`;
  const { hostname } = record;
  const validation = hostValidationOf(hostname);
  const certificate = isWaiting(record)
    ? conditionUnverified(hostname)
    : certificateConditionOf(record, now, secretEnds);
  const is = (reason: string, message: string): RouteStatus => {
    const lastTransitionAt = new Date(sinceOf(reason)).toISOString();
    const isReady = reason === 'Ready';
    const ready: RouteCondition = { type: 'Ready', status: isReady, reason, message, lastTransitionAt };
    const conditions = [validation, certificate, ready];
    return { ready: isReady, reason, message, lastTransitionAt, conditions, url, revision };
  };
  if (hostname.verifiedAt === null) return is('HostnameNotVerified', validation.message);
  if (document.closed !== null) return is('Closed', document.closed.message);
  if (document.certificate === null) {
    return is('CertificatePending', certificate.message);
  }
  if (edges.length === 0) return is('NoEdge', 'no edge is connected to the API');
  const behind = edges.filter((edge) => edge.appliedRevision < revision);
  if (behind.length > 0) {
    return is('NotApplied', `not served yet by ${behind.map((edge) => edge.edge).join(', ')}`);
  }
  for (const edge of edges) {
    const why = edge.closedHosts.get(document.host);
    if (why !== undefined) return is('Closed', `closed by ${edge.edge}: ${why}`);
  }
  const dead = deadServicesOf(record, edges);
  // Still ready: the route is served, and an edge that finds all targets unhealthy tries them all the same.
  const but =
    dead.length === 0
      ? ''
      : `; no target is healthy of ${dead.map((name) => `service "${name}"`).join(', ')}`;
  return is('Ready', `every connected edge serves this route${but}`);
}

/** Says whether the host's name is verified, or needs not be, and if not, what was found in place of a proof. */
function hostValidationOf(hostname: HostnameRecord): RouteCondition {
  return {
    type: 'HostValidation',
    status: hostname.verifiedAt !== null,
    reason: hostname.state,
    message: hostnameMessageOf(hostname),
    lastTransitionAt: new Date(hostname.since).toISOString(),
  };
}

/** A host that waits to be verified, and then for a certificate of Postern's. */
function isWaiting({ hostname, spec }: RouteRecord): boolean {
  return hostname.verifiedAt === null && spec.tls?.serverCertificate === undefined;
}

function conditionUnverified({ since }: HostnameRecord): RouteCondition {
  return {
    type: 'Certificate',
    status: false,
    reason: 'HostnameNotVerified',
    message: 'a certificate is wanted once the hostname is verified',
    lastTransitionAt: new Date(since).toISOString(),
  };
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
