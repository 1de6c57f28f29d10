import type { RefusalResource } from '@postern/contracts';
import type { RefusalRecord, Store } from '@postern/store';

/** A refusal as callers see it. */
export function refusalResourceOf({ seq: _, ...record }: RefusalRecord): RefusalResource {
  return {
    ...record,
    firstAt: new Date(record.firstAt).toISOString(),
    lastAt: new Date(record.lastAt).toISOString(),
  };
}

/** What a client presented, PEM and leaf first; null when nothing was, or it is no longer kept. */
export async function chainPemOf(
  store: Pick<Store, 'getPresentedChain'>,
  hash: string | null,
): Promise<string[] | null> {
  const certificates = hash === null ? null : await store.getPresentedChain(hash);
  return certificates?.map(pemOf) ?? null;
}

function pemOf(base64: string): string {
  const lines = base64.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
