import { type Log, PosternError } from '@postern/contracts';
import { readFetchedList } from '@postern/pki';
import type { CrlOutcome, CrlTask, Store } from '@postern/store';
import { startDueWork } from '../due-work.ts';
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
  const listDue = (): Promise<CrlTask[]> => store.dueCrls(now(), DUE_MAX);
  return startDueWork({
    ...{ store, now, listDue, atOnceMax: AT_ONCE_MAX, leaseMs: LEASE_MS },
    leaseOf: ({ secretId }: CrlTask) => `crl:${secretId}`,
    nextDueAt: () => store.nextCrlTryAt(),
    work: async ({ secretId }, stopping) => {
      const still = (await listDue()).find((task) => task.secretId === secretId);
      if (still !== undefined) await refresh(options, still, stopping);
    },
    onFailure: (error, task) =>
      task === undefined
        ? log.error({ err: error }, 'looking for revocation lists to fetch failed')
        : log.error(
            { err: error, secret: task.name },
            'the fetching of a revocation list could not be noted',
          ),
  });
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
