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
