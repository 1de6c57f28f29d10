import type { Cursor } from '@postern/contracts';

/** Writes a cursor as `EPOCH:REVISION`, as it stands in the query of the feed and in event ids. */
export function formatCursor({ epoch, revision }: Cursor): string {
  return `${epoch}:${revision}`;
}

/** Reads `EPOCH:REVISION`; null for anything else, which leads to a full copy. */
export function parseCursor(text: string): Cursor | null {
  const match = /^([A-Za-z0-9_-]{1,64}):(\d{1,15})$/.exec(text);
  return match === null ? null : { epoch: match[1] ?? '', revision: Number(match[2]) };
}
