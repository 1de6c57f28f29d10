import type { CompiledHealthCheck, TargetReport } from '@postern/contracts';

/** Why a check failed: a stable word and a sentence of printable ASCII, at most 200 characters. */
export interface CheckFailure {
  readonly code: string;
  readonly message: string;
}

/** A target's state, and how many checks in a row have now said the opposite. */
export interface CheckRecord {
  readonly report: TargetReport;
  readonly opposite: number;
}

/**
 * What a finished check makes of a record; the very same report where nothing is new.
 *
 * The first check decides alone: there is no earlier state to be careful with, and a target just added should neither get
 * requests while it is down nor wait for them while it is up. From then on a change takes `healthyAfter` or
 * `unhealthyAfter` checks in a row.
 */
export function judgeCheck(
  record: CheckRecord,
  failure: CheckFailure | null,
  check: Pick<CompiledHealthCheck, 'healthyAfter' | 'unhealthyAfter'>,
  now: number,
): CheckRecord {
  const { report } = record;
  const found = failure === null ? 'healthy' : 'unhealthy';
  const opposite = found === report.state ? 0 : record.opposite + 1;
  const needed = failure === null ? check.healthyAfter : check.unhealthyAfter;
  const changes = found !== report.state && (report.state === 'unknown' || opposite >= needed);
  const isSameFailure =
    failure?.code === report.lastError?.code && failure?.message === report.lastError?.message;
  if (!changes && isSameFailure) return { report, opposite };
  return {
    report: {
      ...report,
      ...(changes ? { state: found, since: now } : {}),
      lastError: failure === null ? null : { ...failure, at: now },
    },
    opposite: changes ? 0 : opposite,
  };
}
