import {
  HEALTH_CHECK_DEFAULTS,
  type HealthCheck,
  SERVICE_DEFAULTS,
  type ServiceResource,
  type TargetStatus,
  urlOfTarget,
} from '@postern/contracts';
import { formatFields, formatTable } from '../output/format-table.ts';
import type { OutputLayout } from '../output/output-layout.ts';
import { labelsText } from '../secret/describe-secret.ts';

/** Writes a service for a person, with the defaults that hold where nothing is set, and a table of its targets. */
export function describeService(service: ServiceResource, layout: OutputLayout): string {
  const { spec } = service;
  const usesTls = spec.targets.some((target) => urlOfTarget(target).startsWith('https:'));
  const { connectMs, responseHeadMs, idleBodyMs } = SERVICE_DEFAULTS;
  const fields = formatFields(
    [
      ['Service', service.name],
      ['CA', usesTls ? (spec.tls?.ca?.name ?? 'the public roots') : undefined],
      ['Client certificate', usesTls ? (spec.tls?.clientCertificate?.name ?? 'none') : undefined],
      ['Host header', spec.hostHeader ?? 'client'],
      ['Connect timeout', durationText(spec.timeouts?.connectMs ?? connectMs)],
      ['Response timeout', durationText(spec.timeouts?.responseHeadMs ?? responseHeadMs)],
      ['Idle timeout', durationText(spec.timeouts?.idleBodyMs ?? idleBodyMs)],
      ['Body limit', spec.maxBodyBytes === undefined ? 'none' : `${spec.maxBodyBytes} bytes`],
      ['Health check', spec.healthCheck === undefined ? 'none' : checkText(spec.healthCheck)],
      ['Labels', labelsText(service.labels)],
      ['Used by', service.usedBy.length === 0 ? 'nothing' : service.usedBy.join(', ')],
      ['Updated', service.updatedAt],
    ],
    layout.columns,
  );
  const header = ['TARGET', 'WEIGHT', 'STATE', 'EDGES', 'SINCE', 'LAST ERROR'];
  return `${fields}\n${formatTable(header, service.status.targets.map(rowOf), layout)}`;
}

/** How many targets are healthy at every edge, like `2/3`; `-` where none is checked. */
export function healthText({ status: { targets } }: ServiceResource): string {
  if (targets.every(({ state }) => state === 'not_checked')) return '-';
  return `${targets.filter(({ state }) => state === 'healthy').length}/${targets.length}`;
}

function rowOf({ url, weight, state, edges, healthy, since, lastError }: TargetStatus): string[] {
  const error = lastError === null ? '-' : `${lastError.message}; ${lastError.edge}, ${lastError.at}`;
  const counted = state === 'not_checked' ? '-' : `${healthy}/${edges}`;
  return [url, String(weight), state.replace('_', ' '), counted, since ?? '-', error];
}

function checkText(check: HealthCheck): string {
  const {
    intervalMs = HEALTH_CHECK_DEFAULTS.intervalMs,
    timeoutMs = Math.min(HEALTH_CHECK_DEFAULTS.timeoutMs, intervalMs),
    healthyAfter = HEALTH_CHECK_DEFAULTS.healthyAfter,
    unhealthyAfter = HEALTH_CHECK_DEFAULTS.unhealthyAfter,
  } = check;
  const times = `every ${durationText(intervalMs)}, at most ${durationText(timeoutMs)}`;
  return `${wayText(check)}, ${times}, unhealthy after ${unhealthyAfter}, healthy after ${healthyAfter}`;
}

function wayText({ http, grpc }: HealthCheck): string {
  if (http !== undefined) {
    const host = http.host === undefined ? '' : ` of ${http.host}`;
    return `HTTP ${http.path}${host} answers ${http.statuses?.join(' or ') ?? '2xx'}`;
  }
  if (grpc !== undefined) return grpc.service === undefined ? 'gRPC' : `gRPC ${grpc.service}`;
  return 'TCP';
}

function durationText(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}

/** The columns of `service list`. */
export const SERVICE_TABLE = {
  header: ['NAME', 'TARGETS', 'HEALTHY', 'USED BY'],
  row: (service: ServiceResource): string[] => [
    service.name,
    service.spec.targets.map(urlOfTarget).join(','),
    healthText(service),
    service.usedBy.join(','),
  ],
} as const;
