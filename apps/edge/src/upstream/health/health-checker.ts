import {
  CHECKED_TARGETS_MAX,
  type Log,
  type Target,
  type TargetReport,
  targetName,
  type Upstream,
} from '@postern/contracts/plain';
import { createPools, type PoolsOptions } from '../pools.ts';
import { type CheckRecord, judgeCheck } from './check-record.ts';
import { describeFailure } from './describe-failure.ts';
import { limitLookups } from './limit-lookups.ts';
import { probeTarget } from './probe-target.ts';
import { checkIdOf, type TargetStates } from './target-states.ts';

/** Checks under way at once, one socket each; a thousand dead targets at the defaults need 200. */
const AT_ONCE_MAX = 256;
/** Milliseconds over which first checks are spread, where the interval is not shorter still. */
const FIRST_WITHIN_MS = 500;
/** Milliseconds that changes are gathered before they are told. */
const TELL_AFTER_MS = 50;
/** Share of the interval by which checks come earlier or later, so that edges and targets do not fall into step. */
const JITTER = 0.1;

export interface HealthCheckerOptions
  extends Pick<PoolsOptions, 'guard' | 'getTrustBundle' | 'getCertificate'> {
  /** What earlier checkers of this edge have found: their targets go on from there. */
  readonly known: TargetStates;
  /** Hears of every change, a target that is no longer checked included. */
  readonly onChanged: (changed: readonly TargetReport[]) => void;
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** From 0 to below 1. */
  readonly random: () => number;
}

/** A service of a host, under `PROJECT/NAME`. */
export type UsedService = readonly [service: string, upstream: Upstream];

/** Checks the targets of the services that hosts use, each once however many hosts do. */
export interface HealthChecker {
  /** Says which services a host uses now; those without a health check are not looked at. */
  setHost(host: string, services: readonly UsedService[]): void;
  /** Every host has been said: what is known of targets that none of them uses is over. */
  forgetUnused(): void;
  /** Tells at once what has changed. */
  flush(): void;
  /** Ends all checks. */
  close(): void;
}

interface Checked {
  readonly id: string;
  readonly service: string;
  upstream: Upstream;
  readonly target: Target;
  hosts: number;
  record: CheckRecord;
  timer: NodeJS.Timeout | undefined;
}

/** Starts without anything to check. */
export function createHealthChecker(options: HealthCheckerOptions): HealthChecker {
  const { now, random } = options;
  const guard = limitLookups(options.guard);
  const pools = createPools({ ...options, guard });
  const checked = new Map<string, Checked>();
  const idsOfHost = new Map<string, ReadonlySet<string>>();
  const queue = new Set<Checked>();
  const changed = new Map<string, TargetReport>();
  let underWay = 0;
  let closed = false;
  let full = false;
  let telling: NodeJS.Timeout | undefined;

  const flush = (): void => {
    clearTimeout(telling);
    telling = undefined;
    if (changed.size === 0) return;
    const all = [...changed.values()];
    changed.clear();
    options.onChanged(all);
  };
  const tell = (report: TargetReport): void => {
    changed.set(report.id, report);
    telling ??= setTimeout(flush, TELL_AFTER_MS);
  };
  const isLive = (entry: Checked): boolean => !closed && checked.get(entry.id) === entry;
  const schedule = (entry: Checked, delayMs: number): void => {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(() => {
      queue.add(entry);
      startNext();
    }, delayMs);
    entry.timer.unref();
  };
  const startNext = (): void => {
    for (const entry of queue) {
      if (underWay >= AT_ONCE_MAX) return;
      queue.delete(entry);
      underWay += 1;
      void run(entry).finally(() => {
        underWay -= 1;
        startNext();
      });
    }
  };
  const run = async (entry: Checked): Promise<void> => {
    const { service, target, upstream } = entry;
    const check = upstream.healthCheck;
    if (check === undefined) return;
    const startedAt = performance.now();
    const failure = await probeOnce(service, upstream, target).then(
      () => null,
      (error: unknown) => describeFailure(error, targetName(target)),
    );
    if (!isLive(entry)) return;
    const before = entry.record.report;
    entry.record = judgeCheck(entry.record, failure, check, now());
    if (entry.record.report !== before) tell(entry.record.report);
    const { intervalMs } = entry.upstream.healthCheck ?? check;
    const jittered = intervalMs * (1 - JITTER + 2 * JITTER * random());
    schedule(entry, Math.max(0, jittered - (performance.now() - startedAt)));
  };
  const probeOnce = async (service: string, upstream: Upstream, target: Target): Promise<void> => {
    const check = upstream.healthCheck;
    if (check === undefined) return;
    const connectMs = Math.min(upstream.connectMs, check.timeoutMs);
    const pool = pools.of(service, { ...upstream, connectMs });
    await probeTarget({ pool, target, check, guard });
  };
  const add = (id: string, service: string, upstream: Upstream, target: Target): void => {
    const known = options.known.get(id);
    const report: TargetReport = known ?? {
      id,
      service,
      target: targetName(target),
      state: 'unknown',
      since: now(),
      lastError: null,
    };
    const entry: Checked = {
      id,
      service,
      upstream,
      target,
      hosts: 1,
      record: { report, opposite: 0 },
      timer: undefined,
    };
    checked.set(id, entry);
    tell(report);
    const intervalMs = upstream.healthCheck?.intervalMs ?? FIRST_WITHIN_MS;
    // What is known already need not be asked again all at once.
    schedule(entry, random() * (known === undefined ? Math.min(FIRST_WITHIN_MS, intervalMs) : intervalMs));
  };
  const remove = (entry: Checked): void => {
    clearTimeout(entry.timer);
    queue.delete(entry);
    checked.delete(entry.id);
    tell({ ...entry.record.report, state: 'gone', since: now(), lastError: null });
  };

  return {
    setHost(host, services) {
      if (closed) return;
      const before = idsOfHost.get(host) ?? new Set<string>();
      const ids = new Set<string>();
      for (const [service, upstream] of services) {
        if (upstream.healthCheck === undefined) continue;
        for (const target of upstream.targets) {
          const id = checkIdOf(service, upstream, target);
          const entry = checked.get(id);
          if (ids.has(id)) continue;
          if (entry === undefined && checked.size >= CHECKED_TARGETS_MAX) {
            if (!full)
              options.log.error(
                { targetsMax: CHECKED_TARGETS_MAX },
                'there are more targets than an edge checks; the others are used unchecked',
              );
            full = true;
            continue;
          }
          ids.add(id);
          if (entry === undefined) add(id, service, upstream, target);
          else {
            entry.upstream = upstream;
            if (!before.has(id)) entry.hosts += 1;
          }
        }
      }
      for (const id of before) {
        if (ids.has(id)) continue;
        const entry = checked.get(id);
        if (entry === undefined) continue;
        entry.hosts -= 1;
        if (entry.hosts === 0) remove(entry);
      }
      if (ids.size === 0) idsOfHost.delete(host);
      else idsOfHost.set(host, ids);
    },
    forgetUnused() {
      for (const report of options.known.list())
        if (!checked.has(report.id)) tell({ ...report, state: 'gone', since: now(), lastError: null });
    },
    flush,
    close() {
      closed = true;
      clearTimeout(telling);
      for (const entry of checked.values()) clearTimeout(entry.timer);
      checked.clear();
      queue.clear();
      pools.close();
    },
  };
}
