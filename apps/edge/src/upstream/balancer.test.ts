import type { Target } from '@postern/contracts';
import { expect, test } from 'vitest';
import { createBalancer, type Lease } from './balancer.ts';

const target = (port: number): Target => ({ protocol: 'http', host: '127.0.0.1', port });
const [a, b] = [target(1), target(2)];
const none = new Set<Target>();

function lease(chosen: ReturnType<ReturnType<typeof createBalancer>['choose']>): Lease {
  if ('retryAfterMs' in chosen) throw new Error('no target');
  return chosen;
}

test('the target with the fewest exchanges under way is chosen', () => {
  const balancer = createBalancer([a, b], () => 0);
  const first = lease(balancer.choose(none));
  const second = lease(balancer.choose(none));
  expect(new Set([first.target, second.target])).toEqual(new Set([a, b]));
  first.release();
  first.release();
  expect(lease(balancer.choose(none)).target).toBe(first.target);
});

test('a failing target is left alone for 1 s, doubling to 30 s, and comes back after one success', () => {
  let now = 0;
  const balancer = createBalancer([a, b], () => now);
  const waits: number[] = [];
  const withoutB = () => balancer.choose(new Set([b]));
  let trial = lease(withoutB());
  for (let failures = 0; failures < 7; failures += 1) {
    trial.failed();
    expect(lease(balancer.choose(none)).target).toBe(b);
    const started = now;
    let next = withoutB();
    while ('retryAfterMs' in next) {
      now += 1_000;
      next = withoutB();
    }
    trial = next;
    waits.push((now - started) / 1_000);
  }
  expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30]);
  // One exchange is the trial; the next one waits for its outcome.
  expect(withoutB()).toHaveProperty('retryAfterMs');
  trial.succeeded();
  lease(withoutB()).failed();
  now += 1_000;
  expect(lease(withoutB()).target).toBe(a);
});

test('the only target of a service is always tried', () => {
  const balancer = createBalancer([a], () => 0);
  lease(balancer.choose(none)).failed();
  expect(lease(balancer.choose(none)).target).toBe(a);
});

test('weights share out requests, idle or busy', () => {
  const [one, three] = [target(1), { ...target(2), weight: 3 }];
  const balancer = createBalancer([one, three], () => 0);
  const idle = Array.from({ length: 8 }, () => {
    const chosen = lease(balancer.choose(none));
    chosen.release();
    return chosen.target.port;
  });
  expect(idle.filter((port) => port === 2)).toHaveLength(6);
  // Smooth: the heavy one does not come six times in a row.
  expect(idle.join('')).not.toContain('22222');
  const busy = Array.from({ length: 400 }, () => lease(balancer.choose(none)).target.port);
  expect(busy.filter((port) => port === 2)).toHaveLength(300);
});

test('an unhealthy target is not chosen while another is healthy, though that one fails or was tried', () => {
  const unhealthy = new Set([b]);
  const balancer = createBalancer(
    [a, b],
    () => 0,
    (one) => unhealthy.has(one),
  );
  for (let n = 0; n < 10; n += 1) expect(lease(balancer.choose(none)).target).toBe(a);
  // The only one left is tried though it failed lately, but not twice for one request.
  lease(balancer.choose(none)).failed();
  expect(lease(balancer.choose(none)).target).toBe(a);
  expect(balancer.choose(new Set([a]))).toHaveProperty('retryAfterMs');
  unhealthy.clear();
  expect(lease(balancer.choose(none)).target).toBe(b);
});

test('when every target is unhealthy all are tried, those in back-off aside', () => {
  const balancer = createBalancer(
    [a, b],
    () => 0,
    () => true,
  );
  const first = lease(balancer.choose(none));
  expect(lease(balancer.choose(none)).target).not.toBe(first.target);
  first.failed();
  for (let n = 0; n < 4; n += 1) expect(lease(balancer.choose(none)).target).not.toBe(first.target);
});
