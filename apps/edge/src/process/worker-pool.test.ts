import type { EventEmitter } from 'node:events';
import type { Cursor, Log } from '@postern/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TargetLog } from './target-log.ts';
import type { FromWorker, ToWorker, WorkerSettings } from './worker-messages.ts';
import { WorkerPool } from './worker-pool.ts';

// What the pool does where processes race each other, which real ones do only now and then: those are in supervisor.test.ts and
// worker-crashes.test.ts.
const forked = vi.hoisted(() => [] as unknown[]);

vi.mock('node:child_process', async (original) => {
  const { EventEmitter: Emitter } = await import('node:events');
  return {
    ...(await original<object>()),
    fork: () => {
      const worker = Object.assign(new Emitter(), {
        pid: 1_000 + forked.length,
        kill: vi.fn(() => void queueMicrotask(() => worker.emit('exit', null, 'SIGKILL'))),
        sent: [] as unknown[],
        connected: true,
        send: (message: unknown) => void worker.sent.push(message),
      });
      forked.push(worker);
      return worker;
    },
  };
});

interface StandIn extends EventEmitter {
  readonly sent: ToWorker[];
}

const settings: WorkerSettings = {} as never;
let lines: (Record<string, unknown> & { msg: string })[];
let pools: WorkerPool[];

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  forked.length = 0;
  lines = [];
  pools = [];
});
afterEach(async () => {
  for (const pool of pools) await closed(pool);
  vi.useRealTimers();
});

function poolOf(workers: number, settingsOf = async () => settings): WorkerPool {
  const keep = (fields: object, msg: string) => void lines.push({ ...fields, msg });
  const log: Log = { debug: keep, info: keep, warn: keep, error: keep };
  const pool = new WorkerPool({
    ...{ workers, settings: settingsOf, drainMs: 1_000, log, targets: new TargetLog() },
    ...{ onLedger: () => undefined, onProgress: () => undefined, sockets: () => ({ https: [], http: [] }) },
  });
  pools.push(pool);
  return pool;
}

const worker = (index: number): StandIn => forked[index] as StandIn;
const says = (index: number, message: FromWorker): boolean => worker(index).emit('message', message);
const ends = (index: number): boolean => worker(index).emit('exit', 1, null);
const cursor = (revision: number, epoch = 'one'): Cursor => ({ epoch, revision });

async function listening(workers: number): Promise<WorkerPool> {
  const pool = poolOf(workers);
  const started = pool.start();
  for (let index = 0; index < workers; index += 1) says(index, { type: 'listening', cursor: cursor(1) });
  await started;
  return pool;
}

/** Closes, and lets every worker that is left end. */
async function closed(pool: WorkerPool): Promise<void> {
  const done = pool.close();
  for (const each of forked as StandIn[]) each.emit('exit', 0, null);
  await done;
}

test('once it is closed nothing is started: not what ends then, nor what was waiting for its turn', async () => {
  const pool = await listening(2);
  ends(0);
  await vi.advanceTimersByTimeAsync(0);
  ends(2);
  // This one would be started in 200 ms.
  const told = lines.length;
  await closed(pool);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(forked).toHaveLength(3);
  expect(lines.slice(told)).toEqual([]);
  expect(pool.isListening).toBe(false);
});

test('when one cannot serve at the start the others are killed, and the start has failed only when they are gone', async () => {
  const pool = poolOf(3);
  const gone: number[] = [];
  const started = pool.start().finally(() => expect(gone).toEqual([0, 1, 2]));
  for (const index of [0, 1, 2]) worker(index).once('exit', () => gone.push(index));
  says(1, { type: 'failed', detail: 'the port is in use' });
  await expect(started).rejects.toThrow('the port is in use');
  expect(pool.pids).toEqual([]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(forked).toHaveLength(3);
});

test('what a worker that is gone had still to say counts for nothing', async () => {
  const pool = await listening(1);
  ends(0);
  await vi.advanceTimersByTimeAsync(0);
  says(0, { type: 'listening', cursor: cursor(7) });
  says(0, { type: 'closed-hosts', hosts: [{ host: 'a.example', reason: 'x', message: 'y' }] });
  expect(pool.isListening).toBe(false);
  expect(pool.applied).toBeNull();
  expect(pool.closedHosts).toEqual([]);
  says(1, { type: 'listening', cursor: cursor(2) });
  says(0, { type: 'acknowledged', cursor: cursor(7) });
  expect(pool.applied).toEqual(cursor(2));
});

test('a worker hears of changes from its settings on, and not by those of the one before it', async () => {
  const wanted = [Promise.withResolvers<WorkerSettings>(), Promise.withResolvers<WorkerSettings>()];
  let asked = 0;
  const pool = poolOf(1, () => {
    asked += 1;
    return wanted[asked - 1]?.promise ?? Promise.reject(new Error('asked too often'));
  });
  const started = pool.start();
  started.catch(() => undefined);
  says(0, { type: 'listening', cursor: null });
  await started;
  says(0, { type: 'hello' });
  ends(0);
  await vi.advanceTimersByTimeAsync(0);
  says(1, { type: 'hello' });
  wanted[0]?.resolve(settings);
  await vi.advanceTimersByTimeAsync(0);
  pool.broadcast('all', cursor(3));
  expect(worker(1).sent).toEqual([]);
  expect(worker(0).sent.filter(({ type }) => type !== 'check-targets')).toEqual([]);
  wanted[1]?.resolve(settings);
  await vi.advanceTimersByTimeAsync(0);
  pool.broadcast('all', cursor(4));
  expect(worker(1).sent.map(({ type }) => type)).toEqual(['start', 'targets', 'applied']);
});

test('waits between restarts grow to 10 s and no further; who lived for 10 s is started at once again', async () => {
  await listening(1);
  const waits: unknown[] = [];
  for (let index = 0; index < 9; index += 1) {
    ends(index);
    const waitMs = Number(lines.at(-1)?.waitMs);
    waits.push(waitMs);
    await vi.advanceTimersByTimeAsync(Math.max(0, waitMs - 1));
    if (waitMs > 0) expect(forked).toHaveLength(index + 1);
    await vi.advanceTimersByTimeAsync(1);
    expect(forked).toHaveLength(index + 2);
  }
  expect(waits).toEqual([0, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
  await vi.advanceTimersByTimeAsync(10_000);
  ends(9);
  expect(lines.at(-1)).toMatchObject({ waitMs: 0 });
});

test('applied is what the slowest listening worker serves by; nothing while their epochs differ or one knows none', async () => {
  const pool = await listening(2);
  says(0, { type: 'acknowledged', cursor: cursor(9) });
  expect(pool.applied).toEqual(cursor(1));
  says(1, { type: 'acknowledged', cursor: cursor(1, 'two') });
  expect(pool.applied).toBeNull();
  says(0, { type: 'acknowledged', cursor: cursor(3, 'two') });
  expect(pool.applied).toEqual(cursor(1, 'two'));
  says(1, { type: 'listening', cursor: null });
  expect(pool.applied).toBeNull();
  ends(1);
  expect(pool.applied).toEqual(cursor(3, 'two'));
});
