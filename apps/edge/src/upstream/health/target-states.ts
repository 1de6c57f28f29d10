import { createHash } from 'node:crypto';
import { type Target, type TargetReport, targetName, type Upstream } from '@postern/contracts/plain';

/**
 * Names the check of one target: another service, address, CA, client certificate or way of checking is another check,
 * which begins as unknown. How often it runs is not part of it.
 */
export function checkIdOf(service: string, upstream: Upstream, target: Target): string {
  const { trustBundle, clientCertificate, healthCheck } = upstream;
  const parts = [service, targetName(target), trustBundle, clientCertificate, healthCheck?.way ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);
}

/** What this edge's checks have found, as every worker keeps it. */
export class TargetStates {
  readonly #states = new Map<string, TargetReport>();

  /** Takes what has changed; targets that are `gone` are forgotten. */
  apply(changed: readonly TargetReport[]): void {
    for (const report of changed) {
      if (report.state === 'gone') this.#states.delete(report.id);
      else this.#states.set(report.id, report);
    }
  }

  get(id: string): TargetReport | undefined {
    return this.#states.get(id);
  }

  list(): TargetReport[] {
    return [...this.#states.values()];
  }

  /** Says of the targets of one service version which are unhealthy now; undefined when it has no health check. */
  unhealthyTargets(service: string, upstream: Upstream): ((target: Target) => boolean) | undefined {
    if (upstream.healthCheck === undefined) return undefined;
    const ids = new Map(upstream.targets.map((target) => [target, checkIdOf(service, upstream, target)]));
    return (target) => this.#states.get(ids.get(target) ?? '')?.state === 'unhealthy';
  }
}
