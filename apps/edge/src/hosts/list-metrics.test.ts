import { AggregatorRegistry, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { registerListMetrics } from './list-metrics.ts';

const HOUR_MS = 3_600_000;

test('lists are counted by state, once for all workers, and the first end is told', async () => {
  const lists = [
    { thisUpdate: 0, nextUpdate: 40 * HOUR_MS },
    { thisUpdate: 0, nextUpdate: 400 * HOUR_MS },
    { thisUpdate: 0, nextUpdate: null },
  ];
  let nowMs = 0;
  const workers = [lists, lists.slice(1), []].map((own) => {
    const registry = new Registry();
    registerListMetrics(
      registry,
      () => own,
      () => nowMs,
    );
    return registry;
  });
  const read = async (atHours: number) => {
    nowMs = atHours * HOUR_MS;
    const all = await Promise.all(workers.map((worker) => worker.getMetricsAsJSON()));
    const text = await AggregatorRegistry.aggregate(all as unknown as object[]).metrics();
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  };
  const stateOf = (fresh: number, expiring: number, stale: number) => [
    `postern_edge_revocation_lists{state="fresh"} ${fresh}`,
    `postern_edge_revocation_lists{state="expiring"} ${expiring}`,
    `postern_edge_revocation_lists{state="stale"} ${stale}`,
    'postern_edge_revocation_list_end_seconds 144000',
  ];
  expect(await read(29.9)).toEqual(stateOf(3, 0, 0));
  expect(await read(30)).toEqual(stateOf(2, 1, 0));
  expect(await read(375.9)).toEqual(stateOf(2, 0, 1));
  // Of a long life a day is warned of, not a quarter.
  expect(await read(376)).toEqual(stateOf(1, 1, 1));
});
