import { SERVICE_DEFAULTS, type ServiceResource } from '@postern/contracts';
import { formatFields } from '../output/format-table.ts';
import { labelsText } from '../secret/describe-secret.ts';

/** Writes a service for a person, with the defaults that hold where nothing is set. */
export function describeService(service: ServiceResource): string {
  const { spec } = service;
  const usesTls = spec.targets.some((target) => target.startsWith('https:'));
  const { connectMs, responseHeadMs, idleBodyMs } = SERVICE_DEFAULTS;
  return formatFields([
    ['Service', service.name],
    ['Targets', spec.targets.join(', ')],
    ['CA', usesTls ? (spec.tls?.ca?.name ?? 'the public roots') : undefined],
    ['Client certificate', usesTls ? (spec.tls?.clientCertificate?.name ?? 'none') : undefined],
    ['Host header', spec.hostHeader ?? 'client'],
    ['Connect timeout', durationText(spec.timeouts?.connectMs ?? connectMs)],
    ['Response timeout', durationText(spec.timeouts?.responseHeadMs ?? responseHeadMs)],
    ['Idle timeout', durationText(spec.timeouts?.idleBodyMs ?? idleBodyMs)],
    ['Body limit', spec.maxBodyBytes === undefined ? 'none' : `${spec.maxBodyBytes} bytes`],
    ['Labels', labelsText(service.labels)],
    ['Used by', service.usedBy.length === 0 ? 'nothing' : service.usedBy.join(', ')],
    ['Updated', service.updatedAt],
  ]);
}

function durationText(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
