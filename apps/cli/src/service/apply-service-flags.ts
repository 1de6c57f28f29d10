import type { ServiceSpec } from '@postern/contracts';
import { usageFailure } from '../cli-failure.ts';
import {
  applyHealthCheckFlags,
  type DraftHealthCheck,
  type HealthCheckFlags,
  valuesOfHealthCheckFlags,
} from './health-check-flags.ts';
import { applyTargetFlags, type DraftTarget, type TargetFlags } from './target-flags.ts';

/** The flags of `service create` and `service update`; absent ones change nothing. */
export interface ServiceFlags extends TargetFlags, HealthCheckFlags {
  readonly 'ca-secret'?: string | undefined;
  readonly 'client-certificate-secret'?: string | undefined;
  readonly 'host-header'?: string | undefined;
  /** Milliseconds, as are the other two. */
  readonly 'connect-timeout'?: number | undefined;
  readonly 'response-timeout'?: number | undefined;
  readonly 'idle-timeout'?: number | undefined;
  readonly 'max-body-bytes'?: number | undefined;
  readonly 'remove-ca-secret'?: boolean | undefined;
  readonly 'remove-client-certificate-secret'?: boolean | undefined;
  readonly 'remove-max-body-bytes'?: boolean | undefined;
}

/** A spec before the contracts check it. */
export interface DraftService {
  targets: DraftTarget[];
  tls?: { ca?: { name: string }; clientCertificate?: { name: string } };
  hostHeader?: string;
  timeouts?: { connectMs?: number; responseHeadMs?: number; idleBodyMs?: number };
  maxBodyBytes?: number;
  healthCheck?: DraftHealthCheck;
}

/** Merges flags into a service, removals first; `--target` replaces all targets. The given spec stays as it is. */
export function applyServiceFlags(base: ServiceSpec | undefined, flags: ServiceFlags): DraftService {
  const targets = applyTargetFlags(base?.targets, flags);
  if (targets === undefined)
    throw usageFailure('a service needs --target URL', 'like --target http://127.0.0.1:3000');
  const ca = flags['ca-secret'] ?? (flags['remove-ca-secret'] ? undefined : base?.tls?.ca?.name);
  const certificate =
    flags['client-certificate-secret'] ??
    (flags['remove-client-certificate-secret'] ? undefined : base?.tls?.clientCertificate?.name);
  const tls = {
    ...(ca === undefined ? {} : { ca: { name: ca } }),
    ...(certificate === undefined ? {} : { clientCertificate: { name: certificate } }),
  };
  const connectMs = flags['connect-timeout'] ?? base?.timeouts?.connectMs;
  const responseHeadMs = flags['response-timeout'] ?? base?.timeouts?.responseHeadMs;
  const idleBodyMs = flags['idle-timeout'] ?? base?.timeouts?.idleBodyMs;
  const timeouts = {
    ...(connectMs === undefined ? {} : { connectMs }),
    ...(responseHeadMs === undefined ? {} : { responseHeadMs }),
    ...(idleBodyMs === undefined ? {} : { idleBodyMs }),
  };
  const hostHeader = flags['host-header'] ?? base?.hostHeader;
  const maxBodyBytes =
    flags['max-body-bytes'] ?? (flags['remove-max-body-bytes'] ? undefined : base?.maxBodyBytes);
  const healthCheck = applyHealthCheckFlags(base?.healthCheck, flags);
  return {
    targets,
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(hostHeader === undefined ? {} : { hostHeader }),
    ...(Object.keys(timeouts).length === 0 ? {} : { timeouts }),
    ...(maxBodyBytes === undefined ? {} : { maxBodyBytes }),
    ...(healthCheck === undefined ? {} : { healthCheck }),
  };
}

/** True when at least one flag asks for a change. */
export function namesServiceChange(flags: ServiceFlags): boolean {
  const asked: readonly unknown[] = [
    flags.target,
    flags['target-weight'],
    ...valuesOfHealthCheckFlags(flags),
    flags['ca-secret'],
    flags['client-certificate-secret'],
    flags['host-header'],
    flags['connect-timeout'],
    flags['response-timeout'],
    flags['idle-timeout'],
    flags['max-body-bytes'],
    flags['remove-ca-secret'],
    flags['remove-client-certificate-secret'],
    flags['remove-max-body-bytes'],
  ];
  return asked.some((value) => value !== undefined && value !== false);
}
