import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { startJobRunner } from './job-runner.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

test('slices run until the job is done, leave the loop free between them, and start again when the log grows', async () => {
  let slices = 3;
  let wake = () => {};
  let ticks = 0;
  const timer = setInterval(() => {
    ticks += 1;
  }, 1);
  const runJobSlice = vi.fn(async () => {
    const end = performance.now() + 10;
    while (performance.now() < end);
    slices -= 1;
    return slices > 0;
  });
  const onRevision = (listener: () => void) => {
    wake = listener;
    return () => {};
  };
  const runner = startJobRunner({ runJobSlice, onRevision }, silent);
  await vi.waitFor(() => expect(slices).toBe(0), 30_000);
  expect(ticks).toBeGreaterThan(3);
  slices = 1;
  wake();
  // At once: it would look again after a second anyway.
  for (let turns = 0; turns < 10 && slices > 0; turns += 1) await turn();
  expect(slices).toBe(0);
  await runner.stop();
  clearInterval(timer);
});

test('a slice that fails is logged and tried again; stop returns after the present slice', async () => {
  const error = vi.fn();
  let calls = 0;
  const runJobSlice = async () => {
    calls += 1;
    if (calls === 1) throw new Error('disk full');
    return false;
  };
  const runner = startJobRunner({ runJobSlice, onRevision: () => () => {} }, { ...silent, error });
  await vi.waitFor(() => expect(calls).toBeGreaterThan(1), 30_000);
  expect(error).toHaveBeenCalledOnce();
  await runner.stop();
  const after = calls;
  await sleep(20);
  expect(calls).toBe(after);
});
