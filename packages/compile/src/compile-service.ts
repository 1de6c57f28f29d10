import {
  type CompiledHealthCheck,
  HEALTH_CHECK_DEFAULTS,
  type HealthCheck,
  parseTargetUrl,
  SERVICE_DEFAULTS,
  type SecretRow,
  type ServiceSpec,
  type ServiceTarget,
  type Target,
  type Upstream,
  urlOfTarget,
  weightOfTarget,
} from '@postern/contracts';

/**
 * A service as an edge uses it: defaults filled in, targets taken apart, secrets by id.
 *
 * Undefined when a secret it names is not in the rows or a target cannot be read: without its CA the upstream would be
 * checked against the public roots instead.
 */
export function compileService(
  spec: ServiceSpec,
  secrets: ReadonlyMap<string, SecretRow>,
): Upstream | undefined {
  const targets = spec.targets.map(compileTarget).filter((target) => target !== undefined);
  const trustBundle = idOf(spec.tls?.ca?.name, secrets);
  const clientCertificate = idOf(spec.tls?.clientCertificate?.name, secrets);
  const healthCheck = spec.healthCheck === undefined ? undefined : compileHealthCheck(spec.healthCheck);
  const isUsable = targets.length > 0 && targets.length === spec.targets.length && healthCheck !== null;
  if (!isUsable || trustBundle === undefined || clientCertificate === undefined) return undefined;
  return {
    targets,
    trustBundle,
    clientCertificate,
    hostHeader: spec.hostHeader ?? 'client',
    connectMs: spec.timeouts?.connectMs ?? SERVICE_DEFAULTS.connectMs,
    responseHeadMs: spec.timeouts?.responseHeadMs ?? SERVICE_DEFAULTS.responseHeadMs,
    idleBodyMs: spec.timeouts?.idleBodyMs ?? SERVICE_DEFAULTS.idleBodyMs,
    maxBodyBytes: spec.maxBodyBytes ?? null,
    // Left out where nothing is said, so that the document stays one that older edges read.
    ...(healthCheck === undefined ? {} : { healthCheck }),
  };
}

/** A weight of 1 is left out: it is what every edge takes a target for. */
function compileTarget(target: ServiceTarget): Target | undefined {
  const parsed = parseTargetUrl(urlOfTarget(target));
  const weight = weightOfTarget(target);
  return parsed === undefined || weight === 1 ? parsed : { ...parsed, weight };
}

/** Null when the check says no way of checking. */
function compileHealthCheck(check: HealthCheck): CompiledHealthCheck | null {
  const way = wayOf(check);
  if (way === null) return null;
  const {
    intervalMs = HEALTH_CHECK_DEFAULTS.intervalMs,
    timeoutMs = Math.min(HEALTH_CHECK_DEFAULTS.timeoutMs, intervalMs),
    healthyAfter = HEALTH_CHECK_DEFAULTS.healthyAfter,
    unhealthyAfter = HEALTH_CHECK_DEFAULTS.unhealthyAfter,
  } = check;
  return { way, intervalMs, timeoutMs, healthyAfter, unhealthyAfter };
}

function wayOf({ http, grpc, tcp }: HealthCheck): CompiledHealthCheck['way'] | null {
  if (http !== undefined) {
    return { kind: 'http', path: http.path, statuses: http.statuses ?? null, host: http.host ?? null };
  }
  if (grpc !== undefined) return { kind: 'grpc', service: grpc.service ?? '' };
  return tcp === undefined ? null : { kind: 'tcp' };
}

function idOf(name: string | undefined, secrets: ReadonlyMap<string, SecretRow>): string | null | undefined {
  return name === undefined ? null : secrets.get(name)?.id;
}
