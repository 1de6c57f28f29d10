import { randomUUID } from 'node:crypto';
import { type Log, PosternError } from '@postern/contracts';
import { readFetchedList } from '@postern/pki';
import type { CrlOutcome, CrlTask, Store } from '@postern/store';
import { FetchFailure, fetchList } from './fetch-list.ts';
import { nextFetchAt, nextRetryAt } from './next-try.ts';

/** Milliseconds that one list may take, redirects and all. */
const FETCH_MS = 60_000;
/** Milliseconds that a worker which has died keeps the others from a list. */
const LEASE_MS = 2 * FETCH_MS;
/** Lists fetched at once. */
const AT_ONCE_MAX = 4;
/** Lists looked at in one round. */
const DUE_MAX = 100;
/** Milliseconds between looks when nothing wakes the worker. */
const LOOK_EVERY_MS = 60_000;
/** Milliseconds before another worker's list is looked at again. */
const LOOK_AGAIN_MS = 1_000;

export interface CrlWorkerOptions {
  readonly store: Pick<
    Store,
    'dueCrls' | 'nextCrlTryAt' | 'noteCrl' | 'acquireLease' | 'releaseLease' | 'onWrite'
  >;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
  /** Whether lists may lie on this machine and in private networks. */
  readonly allowPrivate: boolean;
}

/**
 * Fetches the revocation lists that have a source whenever they are due. What comes takes the place of the present list only once a CA
 * of its tls-ca is found to have signed it; whatever fails leaves the present list as it is. Of several workers one fetches
 * each list. `stop` ends what is under way.
 */
export function startCrlWorker(options: CrlWorkerOptions): { stop(): Promise<void> } {
  const { store, log, now } = options;
  const stopping = new AbortController();
  const holder = randomUUID();
  const underWay = new Map<string, Promise<void>>();
  let wake = (): void => {};
  let isWoken = false;
  const nudge = (): void => {
    isWoken = true;
    wake();
  };
  const unsubscribe = store.onWrite(nudge);

  const sleep = async (waitMs: number): Promise<void> => {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
      if (isWoken || stopping.signal.aborted) wake();
    });
    wake = () => {};
  };

  const take = async (task: CrlTask): Promise<void> => {
    const lease = `crl:${task.secretId}`;
    try {
      if (!(await store.acquireLease(lease, holder, LEASE_MS))) return;
      try {
        // Another worker may have been here between the look and the lease.
        const due = await store.dueCrls(now(), DUE_MAX);
        const still = due.find(({ secretId }) => secretId === task.secretId);
        if (still !== undefined) await refresh(options, still, stopping.signal);
      } finally {
        await store.releaseLease(lease, holder);
      }
    } catch (error) {
      log.error({ err: error, secret: task.name }, 'the fetching of a revocation list could not be noted');
    }
  };

  const look = async (): Promise<number> => {
    for (const task of await store.dueCrls(now(), DUE_MAX)) {
      if (underWay.has(task.secretId) || underWay.size >= AT_ONCE_MAX) continue;
      const work = take(task).finally(() => {
        underWay.delete(task.secretId);
        wake();
      });
      underWay.set(task.secretId, work);
    }
    const next = (await store.nextCrlTryAt()) ?? Number.POSITIVE_INFINITY;
    return Math.min(LOOK_EVERY_MS, Math.max(LOOK_AGAIN_MS, next - now()));
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      isWoken = false;
      const waitMs = await look().catch((error: unknown) => {
        log.error({ err: error }, 'looking for revocation lists to fetch failed');
        return LOOK_AGAIN_MS;
      });
      await sleep(waitMs);
    }
  };
  const running = run();

  return {
    async stop() {
      stopping.abort();
      unsubscribe();
      wake();
      await running;
      await Promise.all(underWay.values());
    },
  };
}

async function refresh(options: CrlWorkerOptions, task: CrlTask, stopping: AbortSignal): Promise<void> {
  const { store, log, now, random } = options;
  const told = { project: task.project, secret: task.name };
  const outcome = await tryOnce(options, task, stopping);
  // Said by nobody: the next worker to run begins anew.
  if (stopping.aborted) return;
  if (outcome.kind !== 'failed') {
    const { nextUpdate } = outcome.kind === 'fetched' ? outcome.details : task.details;
    const end = nextUpdate === null ? null : Date.parse(nextUpdate);
    try {
      await store.noteCrl(task, outcome, nextFetchAt(now(), task.refreshMs, end, random()));
      if (outcome.kind === 'fetched') {
        const { number, entries } = outcome.details;
        log.info({ ...told, number, entries, nextUpdate }, 'a revocation list is fetched');
      }
      return;
    } catch (error) {
      if (!(error instanceof PosternError && error.code === 'validation_failed')) throw error;
      await noteFailure(options, task, error.message);
      return;
    }
  }
  await noteFailure(options, task, outcome.error);
}

async function noteFailure(
  { store, log, now, random }: CrlWorkerOptions,
  task: CrlTask,
  error: string,
): Promise<void> {
  const nextTryAt = nextRetryAt(now(), task.refreshMs, task.failures + 1, random());
  await store.noteCrl(task, { kind: 'failed', error }, nextTryAt);
  log.warn(
    { project: task.project, secret: task.name, error, retryInMs: nextTryAt - now() },
    'a revocation list could not be fetched; the present one stays',
  );
}

async function tryOnce(
  { now, allowPrivate }: CrlWorkerOptions,
  task: CrlTask,
  stopping: AbortSignal,
): Promise<CrlOutcome> {
  const { url, details, caPem } = task;
  // An answer that it is the same would be of no use before there is one.
  const { etag, lastModified } = details.thisUpdate === null ? { etag: null, lastModified: null } : task;
  const signal = AbortSignal.any([stopping, AbortSignal.timeout(FETCH_MS)]);
  try {
    const fetched = await fetchList(url, { etag, lastModified, allowPrivate, signal });
    if (fetched.kind === 'unchanged') return fetched;
    const read = readFetchedList(fetched.bytes, { caPem, policy: details.policy, now: now() });
    if (!read.ok) return { kind: 'failed', error: read.findings[0]?.message ?? 'it is no revocation list' };
    return { kind: 'fetched', ...read.secret, etag: fetched.etag, lastModified: fetched.lastModified };
  } catch (error) {
    if (error instanceof FetchFailure) return { kind: 'failed', error: error.message };
    throw error;
  }
}
