import type { HealthCheck } from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';

export interface HealthCheckFlags {
  readonly 'health-check-path'?: string | undefined;
  readonly 'health-check-status'?: readonly number[] | undefined;
  readonly 'health-check-host'?: string | undefined;
  readonly 'health-check-grpc'?: boolean | undefined;
  readonly 'health-check-grpc-service'?: string | undefined;
  readonly 'health-check-tcp'?: boolean | undefined;
  /** Milliseconds, as is the next. */
  readonly 'health-check-interval'?: number | undefined;
  readonly 'health-check-timeout'?: number | undefined;
  readonly 'healthy-after'?: number | undefined;
  readonly 'unhealthy-after'?: number | undefined;
  readonly 'remove-health-check'?: boolean | undefined;
}

/** A health check before the contracts check it. */
export interface DraftHealthCheck {
  http?: { path: string; statuses?: readonly number[]; host?: string };
  grpc?: { service?: string };
  tcp?: Record<string, never>;
  intervalMs?: number;
  timeoutMs?: number;
  healthyAfter?: number;
  unhealthyAfter?: number;
}

/** What the flags about health checks say; all undefined or false: nothing is asked for. */
export function valuesOfHealthCheckFlags(flags: HealthCheckFlags): unknown[] {
  return [
    flags['health-check-path'],
    flags['health-check-status'],
    flags['health-check-host'],
    flags['health-check-grpc'],
    flags['health-check-grpc-service'],
    flags['health-check-tcp'],
    flags['health-check-interval'],
    flags['health-check-timeout'],
    flags['healthy-after'],
    flags['unhealthy-after'],
    flags['remove-health-check'],
  ];
}

/**
 * Merges flags into a health check, the removal first. Another way of checking takes the place of the present one and
 * keeps its times. Usage failure for two ways at once, and for details without the way they belong to.
 */
export function applyHealthCheckFlags(
  present: HealthCheck | undefined,
  flags: HealthCheckFlags,
): DraftHealthCheck | undefined {
  const base = flags['remove-health-check'] === true ? undefined : present;
  const way = wayOf(base, flags);
  const intervalMs = flags['health-check-interval'] ?? base?.intervalMs;
  const timeoutMs = flags['health-check-timeout'] ?? base?.timeoutMs;
  const healthyAfter = flags['healthy-after'] ?? base?.healthyAfter;
  const unhealthyAfter = flags['unhealthy-after'] ?? base?.unhealthyAfter;
  const times = {
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(healthyAfter === undefined ? {} : { healthyAfter }),
    ...(unhealthyAfter === undefined ? {} : { unhealthyAfter }),
  };
  if (way !== undefined) return { ...way, ...times };
  if (Object.keys(times).length === 0) return undefined;
  throw usageFailure(
    'there is no health check to change',
    'add --health-check-path PATH, --health-check-grpc or --health-check-tcp',
  );
}

function wayOf(base: HealthCheck | undefined, flags: HealthCheckFlags): DraftHealthCheck | undefined {
  const path = flags['health-check-path'];
  const statuses = flags['health-check-status'];
  const host = flags['health-check-host'];
  const service = flags['health-check-grpc-service'];
  const asked = [path !== undefined, flags['health-check-grpc'] === true, flags['health-check-tcp'] === true];
  if (asked.filter(Boolean).length > 1) {
    throw usageFailure(
      'a health check is one of --health-check-path, --health-check-grpc and --health-check-tcp',
    );
  }
  const none = asked.every((one) => !one);
  const http = path !== undefined || (none && base?.http !== undefined);
  const grpc =
    flags['health-check-grpc'] === true || (none && (base?.grpc !== undefined || service !== undefined));
  if (!http && (statuses !== undefined || host !== undefined))
    throw usageFailure('--health-check-status and --health-check-host need --health-check-path PATH');
  if (service !== undefined && (http || flags['health-check-tcp'] === true))
    throw usageFailure('--health-check-grpc-service needs --health-check-grpc');
  if (http) {
    const merged = { statuses: statuses ?? base?.http?.statuses, host: host ?? base?.http?.host };
    return {
      http: {
        path: path ?? base?.http?.path ?? '',
        ...(merged.statuses === undefined ? {} : { statuses: merged.statuses }),
        ...(merged.host === undefined ? {} : { host: merged.host }),
      },
    };
  }
  if (grpc) {
    const asksFor = service ?? base?.grpc?.service;
    return { grpc: asksFor === undefined ? {} : { service: asksFor } };
  }
  return flags['health-check-tcp'] === true || base?.tcp !== undefined ? { tcp: {} } : undefined;
}
