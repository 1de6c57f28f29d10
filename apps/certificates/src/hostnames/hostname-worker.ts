import type { Log, PublicEdge } from '@postern/contracts';
import type { HostnameRecord, Store } from '@postern/store';
import type { DnsResolver } from '../dns/dns-resolver.ts';
import { startDueWork } from '../due-work.ts';
import { lookAtHostname } from './look-at-hostname.ts';
import { nextCheckAt } from './next-check.ts';

/** Names looked at at once; each asks some five questions. */
const AT_ONCE_MAX = 10;
/** Names taken of those that are due in one round. */
const DUE_MAX = 100;
/** Milliseconds that a worker which has died keeps the others from a name; longer than all servers together may be silent. */
const LEASE_MS = 120_000;
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
  return startDueWork({
    ...{ store, now, atOnceMax: AT_ONCE_MAX, leaseMs: LEASE_MS },
    leaseOf: ({ name }: HostnameRecord) => `hostname:${name}`,
    listDue: () => store.listDueHostnames(now(), DUE_MAX),
    nextDueAt: () => store.nextHostnameCheckAt(),
    work: async ({ project, name }, stopping) => {
      const present = await store.getHostname(project, name);
      if (present.checkAt !== null && present.checkAt <= now()) await check(options, present, stopping);
    },
    onFailure: (error, record) =>
      record === undefined
        ? log.error({ err: error }, 'looking for hostnames to verify failed')
        : log.error({ err: error, hostname: record.name }, 'a hostname could not be looked at'),
  });
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
