import { type ListState, listStateOf, type RevocationList } from '@postern/pki/plain';
import { Gauge, type Registry } from '../metric-classes.ts';

const STATES: readonly ListState[] = ['fresh', 'expiring', 'stale'];

/** Measures the revocation lists that a worker judges by, each time the registry is read. `now` is milliseconds since 1970. */
export function registerListMetrics(
  registry: Registry,
  lists: () => readonly Pick<RevocationList, 'thisUpdate' | 'nextUpdate'>[],
  now: () => number,
): void {
  const registers = [registry];
  // Each worker has the same lists, those of them whose hosts it has been asked for.
  new Gauge({
    name: 'postern_edge_revocation_lists',
    help: 'Revocation lists by state: expiring is the last quarter of their life, a day at most',
    labelNames: ['state'],
    aggregator: 'max',
    registers,
    collect() {
      const states = Map.groupBy(lists(), (list) => listStateOf(list, now()));
      for (const state of STATES) this.set({ state }, states.get(state)?.length ?? 0);
    },
  });
  new Gauge({
    name: 'postern_edge_revocation_list_end_seconds',
    help: 'When the first of the revocation lists becomes stale, seconds since 1970; absent where none does',
    aggregator: 'min',
    registers,
    collect() {
      const ends = lists().flatMap(({ nextUpdate }) => nextUpdate ?? []);
      if (ends.length === 0) this.remove();
      else this.set(Math.min(...ends) / 1000);
    },
  });
}
