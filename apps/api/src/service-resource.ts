import type { ResourceName, ServiceResource } from '@postern/contracts';
import type { ServiceRecord } from '@postern/store';

/** A stored service as callers see it. */
export function serviceResourceOf(record: ServiceRecord): ServiceResource {
  return {
    id: record.id,
    project: record.project as ResourceName,
    name: record.name as ResourceName,
    version: record.version,
    labels: record.labels,
    createdAt: new Date(record.createdAt).toISOString(),
    updatedAt: new Date(record.updatedAt).toISOString(),
    spec: record.spec,
    usedBy: [...record.usedBy],
    findings: [],
  };
}
