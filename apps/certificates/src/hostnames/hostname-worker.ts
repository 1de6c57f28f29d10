import { randomUUID } from 'node:crypto';
import type { Log, PublicEdge } from '@postern/contracts';
import type { HostnameRecord, Store } from '@postern/store';
import type { DnsResolver } from '../dns/dns-resolver.ts';
import { lookAtHostname } from './look-at-hostname.ts';
import { nextCheckAt } from './next-check.ts';

/** Names looked at at once; each asks some five questions. */
const AT_ONCE_MAX = 10;
/** Names taken of those that are due in one round. */
const DUE_MAX = 100;
/** Milliseconds that a worker which has died keeps the others from a name; longer than all servers together may be silent. */
const LEASE_MS = 120_000;
/** Milliseconds between rounds when nothing wakes the worker. */
const LOOK_EVERY_MS = 60_000;
/** Milliseconds before a round is repeated while names are due that nobody could take. */
const LOOK_AGAIN_MS = 1000;

export interface HostnameWorkerOptions {
  readonly store: Pick<
    Store,
    | 'listDueHostnames'
    | 'nextHostnameCheckAt'
    | 'noteHostnameCheck'
    | 'getHostname'
    | 'acquireLease'
    | 'releaseLease'
    | 'onWrite'
  >;
  readonly resolver: DnsResolver;
  /** What the world reaches the edges by. */
  readonly publicEdge: PublicEdge;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Numbers in [0, 1). */
  readonly random: () => number;
}

/**
 * Looks in DNS for the proof of every name whose time has come, and of those that somebody wants looked at. Of several workers
 * one looks at a name. `stop` gives up looks that are under way.
 */
export function startHostnameWorker(options: HostnameWorkerOptions): { stop(): Promise<void> } {
  const { store, log, now } = options;
  const holder = randomUUID();
  const underWay = new Map<string, Promise<void>>();
  const stopping = new AbortController();
  let isWoken = false;
  let wake = (): void => {};
  const nudge = (): void => {
    isWoken = true;
    wake();
  };
  const unsubscribe = store.onWrite(nudge);

  const take = async (record: HostnameRecord): Promise<void> => {
    const lease = `hostname:${record.name}`;
    try {
      if (!(await store.acquireLease(lease, holder, LEASE_MS))) return;
      try {
        // Another worker may have been here between the round and the lease.
        const present = await store.getHostname(record.project, record.name);
        if (present.checkAt !== null && present.checkAt <= now())
          await check(options, present, stopping.signal);
      } finally {
        await store.releaseLease(lease, holder);
      }
    } catch (error) {
      log.error({ err: error, hostname: record.name }, 'a hostname could not be looked at');
    }
  };

  const round = async (): Promise<number> => {
    for (const record of await store.listDueHostnames(now(), DUE_MAX)) {
      if (underWay.has(record.name) || underWay.size >= AT_ONCE_MAX) continue;
      const work = take(record).finally(() => {
        underWay.delete(record.name);
        nudge();
      });
      underWay.set(record.name, work);
    }
    const nextAt = (await store.nextHostnameCheckAt()) ?? Number.POSITIVE_INFINITY;
    return Math.min(LOOK_EVERY_MS, Math.max(LOOK_AGAIN_MS, nextAt - now()));
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      isWoken = false;
      const waitMs = await round().catch((error: unknown) => {
        log.error({ err: error }, 'looking for hostnames to verify failed');
        return LOOK_AGAIN_MS;
      });
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, waitMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        if (isWoken || stopping.signal.aborted) wake();
      });
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

async function check(
  { store, resolver, publicEdge, log, now, random }: HostnameWorkerOptions,
  record: HostnameRecord,
  stop: AbortSignal,
): Promise<void> {
  const look = await orAborted(lookAtHostname(resolver, record, publicEdge), stop);
  if (look === null) return;
  const { found, proof } = look;
  const at = nextCheckAt(record, proof, now(), random);
  await store.noteHostnameCheck(record, { found, proof, nextCheckAt: at });
  const told = { hostname: record.name, project: record.project };
  if (typeof proof === 'string' && record.verifiedAt === null)
    log.info({ ...told, by: proof }, 'a hostname is verified');
  if (proof === null && record.state === 'Verified')
    log.warn({ ...told, found }, 'DNS no longer leads a verified hostname here; it is served all the same');
}

/** What the work gives, or null once the signal aborts: servers that are silent would hold up the end of the process. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => resolve(null);
    signal.addEventListener('abort', giveUp);
    if (signal.aborted) giveUp();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
