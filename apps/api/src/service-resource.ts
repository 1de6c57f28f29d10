import { checkTargets } from '@postern/compile';
import type { ServiceResource } from '@postern/contracts';
import type { ServiceRecord } from '@postern/store';
import type { ApiParts } from './api-parts.ts';
import { findingsUnder } from './body-pointers.ts';
import { resourceMetaOf } from './resource-meta.ts';
import { targetStatusesOf } from './target-status.ts';

/** A stored service as callers see it, with its targets as the edges see them. */
export function serviceResourceOf(
  parts: Pick<ApiParts, 'edges' | 'now'>,
  record: ServiceRecord,
): ServiceResource {
  return {
    ...resourceMetaOf(record),
    spec: record.spec,
    status: { targets: targetStatusesOf(record, parts.edges.listConnected(parts.now())) },
    usedBy: [...record.usedBy],
    findings: findingsUnder('spec', checkTargets(record.spec)),
  };
}
