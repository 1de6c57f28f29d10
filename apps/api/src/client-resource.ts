import type { ClientResource } from '@postern/contracts';
import type { ClientRecord } from '@postern/store';

/** A client of the inventory as callers see it. */
export function clientResourceOf(record: ClientRecord): ClientResource {
  return {
    ...record,
    notAfter: isoOf(record.notAfter),
    firstAt: isoOf(record.firstAt),
    lastAt: isoOf(record.lastAt),
    hosts: record.hosts.map((host) => ({
      ...host,
      firstAt: isoOf(host.firstAt),
      lastAt: isoOf(host.lastAt),
    })),
  };
}

function isoOf(at: number): string {
  return new Date(at).toISOString();
}
