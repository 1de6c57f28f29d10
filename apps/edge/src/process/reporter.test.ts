import { createServer } from 'node:http';
import { edgeReport, type Log, REPORTED_TARGETS_MAX, type TargetReport } from '@postern/contracts';
import { afterEach, expect, test, vi } from 'vitest';
import { listenOn, type TestServer } from '../http/testing/echo-upstream.ts';
import { Reporter } from './reporter.ts';
import { TargetLog } from './target-log.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };
const WAIT = { timeout: 30_000, interval: 10 };

/** What the edge does to deliver its sightings. */
let deliver = async () => true;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

/** An API that keeps the lists of targets as the real one does, and can forget them. */
async function startTaker() {
  const taker = {
    port: 0,
    revisions: [] as number[],
    run: '',
    upTo: 0,
    targets: new Map<string, TargetReport>(),
    sizes: [] as number[],
    reports: 0,
    wanted: undefined as number | undefined,
    sightingsUpTo: [] as (number | undefined)[],
  };
  const server: TestServer = await listenOn(
    createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        const { targets, sightingsUpTo, appliedRevision } = edgeReport.parse(JSON.parse(body.toString()));
        taker.sightingsUpTo.push(sightingsUpTo);
        taker.reports += 1;
        taker.revisions.push(appliedRevision);
        taker.sizes.push(body.length);
        if (targets !== undefined && targets.after === 0) Object.assign(taker, { run: targets.run, upTo: 0 });
        if (targets?.run === taker.run && targets.after <= taker.upTo) {
          for (const target of targets.changed) taker.targets.set(target.id, target);
          taker.upTo = targets.upTo;
        }
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify({ targetsUpTo: taker.upTo, sightingsWanted: taker.wanted }));
      });
    }),
  );
  ends.push(() => server.close());
  return Object.assign(taker, { port: server.port });
}

function startReporter(port: number, targets: TargetLog, revision = () => 1): Reporter {
  const reporter = new Reporter({
    apiUrl: `http://127.0.0.1:${port}`,
    edge: 'e',
    token: () => 't',
    state: () => ({ applied: { epoch: 'E', revision: revision() }, closedHosts: [] }),
    targets,
    deliverSightings: () => deliver(),
    log: silent,
  });
  ends.push(() => reporter.close());
  return reporter;
}

/** A target with every text as long as it may be. */
const target = (n: number, state: TargetReport['state'] = 'unhealthy'): TargetReport => ({
  id: String(n).padStart(64, '0'),
  service: 's'.repeat(127),
  target: 't'.repeat(300),
  state,
  since: Date.now(),
  lastError: { code: 'c'.repeat(64), message: 'm'.repeat(200), at: Date.now() },
});

test('10,000 targets reach the API in parts that it takes, and an API that forgot them gets them again', async () => {
  const taker = await startTaker();
  const log = new TargetLog();
  const reporter = startReporter(taker.port, log);
  log.apply(Array.from({ length: 10_000 }, (_, n) => target(n)));
  reporter.notify();
  await vi.waitFor(() => expect(taker.targets.size).toBe(10_000), WAIT);
  expect(taker.sizes).toHaveLength(10_000 / REPORTED_TARGETS_MAX);
  expect(Math.max(...taker.sizes)).toBeLessThan(1024 * 1024);

  log.apply([target(7, 'healthy')]);
  reporter.notify();
  await vi.waitFor(() => expect(taker.targets.get(target(7).id)?.state).toBe('healthy'), WAIT);
  expect(taker.sizes.at(-1)).toBeLessThan(2_000);

  Object.assign(taker, { run: '', upTo: 0 });
  taker.targets.clear();
  reporter.renew();
  await vi.waitFor(() => expect(taker.targets.size).toBe(10_000), WAIT);
  const quiet = taker.reports;
  reporter.notify();
  await new Promise((resolve) => setTimeout(resolve, 200));
  expect(taker.reports).toBe(quiet);
});

test('a target that is gone is told once and then forgotten', () => {
  const log = new TargetLog();
  expect(log.next()).toBeNull();
  log.apply([target(1), target(2)]);
  log.acknowledge(2);
  log.apply([target(1, 'gone')]);
  expect(log.list()).toMatchObject([{ id: target(2).id }]);
  expect(log.next()).toMatchObject({ after: 2, upTo: 3, changed: [{ state: 'gone' }] });
  log.acknowledge(3);
  expect(log.next()).toMatchObject({ after: 3, upTo: 3, changed: [] });
  log.acknowledge(0);
  expect(log.next()?.changed).toMatchObject([{ id: target(2).id, state: 'unhealthy' }]);
});

test('when the API asks whom the edge saw, a report says so as soon as all of it is delivered, and not before', async () => {
  const taker = await startTaker();
  const delivery = Promise.withResolvers<boolean>();
  deliver = () => delivery.promise;
  const reporter = startReporter(taker.port, new TargetLog());
  reporter.notify();
  await vi.waitFor(() => expect(taker.reports).toBe(1), WAIT);
  taker.wanted = 1_234;
  reporter.renew();
  await vi.waitFor(() => expect(taker.reports).toBe(2), WAIT);
  taker.wanted = undefined;
  reporter.renew();
  await vi.waitFor(() => expect(taker.reports).toBe(3), WAIT);
  delivery.resolve(true);
  await vi.waitFor(() => expect(taker.sightingsUpTo).toEqual([undefined, undefined, undefined, 1_234]), WAIT);
});

test('an edge that cannot deliver its sightings does not claim to have', async () => {
  const taker = await startTaker();
  let asked = 0;
  deliver = async () => {
    asked += 1;
    return false;
  };
  taker.wanted = 1_234;
  const reporter = startReporter(taker.port, new TargetLog());
  reporter.notify();
  await vi.waitFor(() => expect(asked).toBe(1), WAIT);
  reporter.renew();
  await vi.waitFor(() => expect(asked).toBe(2), WAIT);
  expect(taker.sightingsUpTo).toEqual([undefined, undefined]);
});

test('what an edge applies while it reports, or soon after, is told together and to the last revision', async () => {
  const taker = await startTaker();
  let revision = 1;
  const reporter = startReporter(taker.port, new TargetLog(), () => revision);
  reporter.notify();
  await vi.waitFor(() => expect(taker.revisions).toEqual([1]), WAIT);
  for (revision = 2; revision < 50; revision += 1) reporter.notify();
  await vi.waitFor(() => expect(taker.revisions.at(-1)).toBe(50), WAIT);
  expect(taker.revisions.length).toBeLessThan(5);
});
