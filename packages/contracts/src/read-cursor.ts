import type { Cursor } from './change.ts';

/** What the schema `cursor` accepts, for processes that start without schemas; undefined for the rest. */
export function readCursor(value: unknown): Cursor | undefined {
  const { epoch, revision } = (value ?? {}) as Partial<Cursor>;
  if (typeof epoch !== 'string' || !Number.isSafeInteger(revision) || Number(revision) < 0) return undefined;
  return { epoch, revision: Number(revision) };
}
