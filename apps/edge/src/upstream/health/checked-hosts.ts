import { type Log, PosternError, type Upstream } from '@postern/contracts/plain';
import type { Replica } from '@postern/replica';
import type { ChangedIds } from '../../hosts/host-table.ts';
import { readHost, UnusableDocument } from '../../hosts/read-documents.ts';
import type { HealthChecker, UsedService } from './health-checker.ts';

/** Milliseconds of one slice of a look through all hosts; connections are served between two. */
const SLICE_MS = 10;

interface CheckedHostsOptions {
  readonly replica: Pick<Replica, 'get' | 'listHostsWithChecks'>;
  readonly checker: HealthChecker;
  readonly log: Log;
}

/** Keeps a checker informed of which services the hosts of a replica use. */
export interface CheckedHosts {
  /** Tells what changed hosts use now, before it returns; after `all` in slices. */
  applyChanges(ids: ChangedIds): void;
  close(): void;
}

/** Looks through all hosts that mention a check at once, in slices. */
export function createCheckedHosts({ replica, checker, log }: CheckedHostsOptions): CheckedHosts {
  let known = new Set<string>();
  let scan = 0;
  const look = (host: string): void => {
    const services = servicesOf(replica, host);
    if (services.length > 0) known.add(host);
    else if (!known.delete(host)) return;
    checker.setHost(host, services);
  };
  const listHosts = (): string[] => {
    try {
      return replica.listHostsWithChecks();
    } catch (error) {
      log.error(
        { err: error },
        'the hosts whose targets are checked cannot be read; checks go on as they were',
      );
      return [...known];
    }
  };
  const lookAtAll = (): void => {
    scan += 1;
    const own = scan;
    const present = listHosts();
    const hosts = new Set(present);
    for (const host of known) if (!hosts.has(host)) present.push(host);
    let at = 0;
    const slice = (): void => {
      if (own !== scan) return;
      const until = performance.now() + SLICE_MS;
      while (at < present.length && performance.now() < until) {
        look(present[at] ?? '');
        at += 1;
      }
      if (at < present.length) setImmediate(slice);
      else checker.forgetUnused();
    };
    slice();
  };
  lookAtAll();
  return {
    applyChanges(ids) {
      if (ids === 'all') lookAtAll();
      else for (const { kind, id } of ids) if (kind === 'host') look(id);
      checker.flush();
    },
    close() {
      scan += 1;
      known = new Set();
    },
  };
}

/** The services with a health check that a host leads to; none where its document cannot be used, for then it is closed. */
function servicesOf(replica: Pick<Replica, 'get'>, host: string): UsedService[] {
  try {
    // Most hosts have none: no need to parse their whole document for that.
    if (!mentionsCheck(replica.get('host', host)?.body)) return [];
    const document = readHost(replica, host)?.document;
    if (document === undefined || document.closed !== null) return [];
    return Object.entries(document.services)
      .filter(([, { healthCheck }]) => healthCheck !== undefined)
      .map(([name, upstream]) => [`${document.project}/${name}`, upstream]);
  } catch (error) {
    // The host is closed for the same reason, which its table tells; a check is no reason to end a worker.
    if (error instanceof UnusableDocument || error instanceof PosternError) return [];
    throw error;
  }
}

function mentionsCheck(body: unknown): boolean {
  const services = (body as { services?: Record<string, Upstream> } | null | undefined)?.services;
  return (
    typeof services === 'object' &&
    services !== null &&
    Object.values(services).some((service) => service?.healthCheck !== undefined)
  );
}
