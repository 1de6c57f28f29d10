import type { ServiceResource } from '@postern/contracts';
import type { ServiceRecord } from '@postern/store';
import { resourceMetaOf } from './resource-meta.ts';

/** A stored service as callers see it. */
export function serviceResourceOf(record: ServiceRecord): ServiceResource {
  return {
    ...resourceMetaOf(record),
    spec: record.spec,
    usedBy: [...record.usedBy],
    findings: [],
  };
}
