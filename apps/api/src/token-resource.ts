import type { ResourceName, TokenResource } from '@postern/contracts';
import type { TokenRecord } from '@postern/store';

/** A stored token as callers see it. `caller`: the token that the call was made with. */
export function tokenResourceOf(record: TokenRecord, caller: TokenRecord | null): TokenResource {
  return {
    id: record.id,
    name: record.name as ResourceName,
    scope: record.scope,
    createdAt: new Date(record.createdAt).toISOString(),
    expiresAt: timeOf(record.expiresAt),
    lastUsedAt: timeOf(record.lastUsedAt),
    current: record.id === caller?.id,
  };
}

function timeOf(value: number | null): string | null {
  return value === null ? null : new Date(value).toISOString();
}
