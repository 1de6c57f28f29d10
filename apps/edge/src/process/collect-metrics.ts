import type { Cursor } from '@postern/contracts';
import { AggregatorRegistry, Gauge, Registry } from '../metric-classes.ts';
import type { LedgerLog } from './ledger-log.ts';
import type { TargetLog } from './target-log.ts';
import type { WorkerPool } from './worker-pool.ts';

interface EdgeState {
  /** How far the replica is; null before the first copy. */
  readonly applied: Cursor | null;
  readonly following: boolean;
  readonly targets: Pick<TargetLog, 'list'>;
  readonly ledger: Pick<LedgerLog, 'dropped' | 'waiting'>;
}

/** The metrics of all workers added up, and those of the edge as a whole, in Prometheus' text format. */
export async function collectMetrics(pool: WorkerPool, state: EdgeState): Promise<string> {
  const own = new Registry();
  const gauge = (name: string, help: string, value: number) => {
    new Gauge({ name, help, registers: [own] }).set(value);
  };
  gauge('postern_edge_replica_revision', 'Revision of the replica', state.applied?.revision ?? 0);
  gauge('postern_edge_applied_revision', 'Revision that every worker serves by', pool.applied?.revision ?? 0);
  gauge('postern_edge_feed_connected', '1 while the feed is followed', state.following ? 1 : 0);
  gauge('postern_edge_closed_hosts', 'Hosts kept closed because of their documents', pool.closedHosts.length);
  const targets = state.targets.list();
  const unhealthy = targets.filter((target) => target.state === 'unhealthy').length;
  gauge('postern_edge_checked_targets', 'Targets under health checks', targets.length);
  gauge('postern_edge_unhealthy_targets', 'Targets that their health checks find unhealthy', unhealthy);
  const { waiting, dropped } = state.ledger;
  gauge('postern_edge_ledger_waiting', 'Refusals and sightings that the API does not have yet', waiting);
  gauge('postern_edge_refusals_dropped', 'Refusals that found no room to be recorded', dropped);
  gauge('postern_edge_workers', 'Worker processes', pool.pids.length);
  const workers = await pool.metrics();
  // The parameter is declared too narrowly: it takes what getMetricsAsJSON gives.
  const summed = AggregatorRegistry.aggregate(workers.map((metrics) => [...metrics]) as unknown as object[]);
  return `${await summed.metrics()}${await own.metrics()}`;
}
