import {
  parseTargetUrl,
  type ServiceTarget,
  type TargetReport,
  type TargetStatus,
  targetName,
  urlOfTarget,
  weightOfTarget,
} from '@postern/contracts';
import type { ServiceRecord } from '@postern/store';
import type { ConnectedEdge } from './edge-registry.ts';

interface Sighting extends TargetReport {
  readonly edge: string;
}

/** The targets of a service as the connected edges see them, in the order of its spec. */
export function targetStatusesOf(
  record: ServiceRecord,
  edges: readonly Pick<ConnectedEdge, 'edge' | 'targets'>[],
): TargetStatus[] {
  const isChecked = record.spec.healthCheck !== undefined && record.usedBy.length > 0;
  const sightings = isChecked
    ? edges.flatMap(({ edge, targets }) =>
        targets
          .ofService(`${record.project}/${record.name}`)
          .map((target): Sighting => ({ ...target, edge })),
      )
    : [];
  return record.spec.targets.map((target) => statusOf(target, isChecked, sightings));
}

function statusOf(target: ServiceTarget, isChecked: boolean, all: readonly Sighting[]): TargetStatus {
  const url = urlOfTarget(target);
  const parsed = parseTargetUrl(url);
  const name = parsed === undefined ? '' : targetName(parsed);
  // While a changed service reaches its hosts one by one an edge may check a target in two ways: the newer one counts.
  const byEdge = new Map(all.filter((seen) => seen.target === name).map((seen) => [seen.edge, seen]));
  const seen = [...byEdge.values()];
  const healthy = seen.filter(({ state }) => state === 'healthy').length;
  const unhealthy = seen.filter(({ state }) => state === 'unhealthy').length;
  const failed = seen
    .filter(({ lastError }) => lastError !== null)
    .sort((a, b) => (b.lastError?.at ?? 0) - (a.lastError?.at ?? 0))[0];
  return {
    url,
    weight: weightOfTarget(target),
    state: isChecked ? wordFor(seen.length, healthy, unhealthy) : 'not_checked',
    edges: seen.length,
    healthy,
    since: seen.length === 0 ? null : timeOf(Math.max(...seen.map(({ since }) => since))),
    lastError:
      failed?.lastError == null
        ? null
        : { edge: failed.edge, ...failed.lastError, at: timeOf(failed.lastError.at) },
  };
}

function wordFor(edges: number, healthy: number, unhealthy: number): TargetStatus['state'] {
  if (healthy > 0 && unhealthy > 0) return 'mixed';
  if (edges === 0 || healthy + unhealthy < edges) return 'unknown';
  return healthy > 0 ? 'healthy' : 'unhealthy';
}

/** Times of edges are theirs: one beyond what a date can be must not break the answer. */
function timeOf(ms: number): string {
  return new Date(Math.min(ms, 8.64e15)).toISOString();
}
