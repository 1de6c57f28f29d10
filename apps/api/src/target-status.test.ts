import { CHECKED_TARGETS_MAX, type TargetReport } from '@postern/contracts';
import type { ServiceRecord } from '@postern/store';
import { expect, test } from 'vitest';
import { TargetSightings } from './target-sightings.ts';
import { targetStatusesOf } from './target-status.ts';

const report = (state: TargetReport['state'], change: Partial<TargetReport> = {}): TargetReport => ({
  id: 'id',
  service: 'p/cart',
  target: 'http://a.test:80',
  state,
  since: 1,
  lastError: null,
  ...change,
});

function sightingsOf(...changed: TargetReport[]): TargetSightings {
  const sightings = new TargetSightings();
  sightings.take({ run: 'r', after: 0, upTo: changed.length, changed });
  return sightings;
}

function statusFor(spec: object, ...edges: TargetReport[][]) {
  const record = { project: 'p', name: 'cart', usedBy: ['route/r'], spec } as unknown as ServiceRecord;
  return targetStatusesOf(
    record,
    edges.map((changed, index) => ({ edge: `e${index}`, targets: sightingsOf(...changed) })),
  );
}

const spec = { targets: ['http://A.test'], healthCheck: { tcp: {} } };

test.each<[TargetReport['state'][], string, number]>([
  [[], 'unknown', 0],
  [['healthy', 'healthy'], 'healthy', 2],
  [['unhealthy', 'unhealthy'], 'unhealthy', 0],
  [['healthy', 'unhealthy', 'unknown'], 'mixed', 1],
  [['healthy', 'unknown'], 'unknown', 1],
])('edges that find a target %j make it %s', (states, state, healthy) => {
  const [status] = statusFor(spec, ...states.map((one) => [report(one)]));
  expect(status).toMatchObject({ state, healthy, edges: states.length });
});

test('of two checks of one target at an edge the newer one counts, and the newest error is told', () => {
  const lastError = (at: number, message: string) => ({ lastError: { code: 'c', message, at } });
  const [status] = statusFor(
    spec,
    [report('unhealthy', lastError(5, 'old')), report('healthy', { id: 'newer', since: 7 })],
    [report('healthy', lastError(8, 'newest'))],
    [report('healthy', lastError(6, 'newer'))],
  );
  expect(status).toMatchObject({ state: 'healthy', edges: 3, lastError: { message: 'newest', edge: 'e1' } });
  expect(status?.since).toBe(new Date(7).toISOString());
});

test('a service without a check says so, whatever an edge still reports', () => {
  expect(statusFor({ targets: ['http://a.test'] }, [report('unhealthy')])).toMatchObject([
    { state: 'not_checked', edges: 0, lastError: null },
  ]);
});

test('parts join; what was lost is asked for again, and a new run begins anew', () => {
  const sightings = sightingsOf(
    report('healthy'),
    report('healthy', { id: '2', target: 'http://b.test:80' }),
  );
  const take = (run: string, after: number, upTo: number, ...changed: TargetReport[]) =>
    sightings.take({ run, after, upTo, changed });
  expect(take('r', 5, 6, report('unhealthy'))).toBe(2);
  expect(take('r', 1, 3, report('unhealthy'))).toBe(3);
  expect(take('r', 3, 4, report('gone', { id: '2' }))).toBe(4);
  expect(sightings.ofService('p/cart')).toMatchObject([{ id: 'id', state: 'unhealthy' }]);
  // An API that started anew does not know the run that an edge goes on with.
  expect(take('later', 9, 10, report('healthy'))).toBe(0);
  expect(sightings.ofService('p/cart')).toHaveLength(1);
  expect(take('later', 0, 1, report('healthy', { id: 'x', service: 'p/other' }))).toBe(1);
  expect(sightings.ofService('p/cart')).toEqual([]);
  sightings.clear();
  expect(sightings.ofService('p/other')).toEqual([]);
});

test('an edge that reports more targets than any checks does not fill the memory', () => {
  const sightings = new TargetSightings();
  for (let n = 0; n < CHECKED_TARGETS_MAX + 1_000; n += 1)
    sightings.take({ run: 'r', after: n, upTo: n + 1, changed: [report('healthy', { id: String(n) })] });
  expect(sightings.ofService('p/cart')).toHaveLength(CHECKED_TARGETS_MAX);
});
