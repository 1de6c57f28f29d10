import type { Finding, ResourceName, RevocationResource } from '@postern/contracts';
import type { RevocationRecord } from '@postern/store';

/** A stored revocation as callers see it, with what is doubtful about the call that made it. */
export function revocationResourceOf(
  record: RevocationRecord,
  findings: readonly Finding[] = [],
): RevocationResource {
  return {
    ...record,
    project: record.project as ResourceName,
    createdAt: new Date(record.createdAt).toISOString(),
    findings: [...findings],
  };
}
