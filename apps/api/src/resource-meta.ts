import type { Labels, ResourceName } from '@postern/contracts';

interface StoredMeta {
  readonly id: string;
  readonly project: string;
  readonly name: string;
  readonly version: number;
  readonly labels: Labels;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What every resource shows of its stored row. */
export function resourceMetaOf(record: StoredMeta) {
  return {
    id: record.id,
    project: record.project as ResourceName,
    name: record.name as ResourceName,
    version: record.version,
    labels: record.labels,
    createdAt: new Date(record.createdAt).toISOString(),
    updatedAt: new Date(record.updatedAt).toISOString(),
  };
}
