import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { pointerOf } from './json-pointer.ts';
import { LIMITS } from './limits.ts';

/** One place of a resource that differs between two states of it. */
export const fieldChange = z
  .strictObject({
    /** JSON pointer (RFC 6901) into the resource. */
    pointer: z.string(),
    /** Absent where the place did not exist before. */
    before: z.unknown().optional(),
    /** Absent where the place does not exist any more. */
    after: z.unknown().optional(),
    /** True where the values are kept back: password hashes and the values of secrets. */
    masked: z.literal(true).optional(),
  })
  .meta({ id: 'FieldChange' });
export type FieldChange = z.infer<typeof fieldChange>;

/** What stands in the way of a write: the resource as it is now, beside what the caller has read or sent. */
export const writeConflict = z
  .strictObject({
    /** The present version; null where the resource does not exist. */
    version: z.int().nullable(),
    /** The version that the caller named; null for a create. */
    yourVersion: z.int().nullable(),
    /** When the present version was written; null where the resource does not exist. */
    updatedAt: z.iso.datetime().nullable(),
    /** Name of the token that wrote it; null where that is not known. */
    updatedBy: z.string().nullable(),
    /**
     * For `version_conflict`: what changed since the caller's version. For `already_exists`: from what exists to what was sent.
     * Null where the caller's version is no longer kept.
     */
    changes: z.array(fieldChange).nullable(),
  })
  .meta({ id: 'WriteConflict' });
export type WriteConflict = z.infer<typeof writeConflict>;

/** Keys below which every value is kept back: of a hash even the length may help an attacker. */
const MASKED_KEYS: ReadonlySet<string> = new Set(['passwordHashes']);

/**
 * Lists the deepest places in which two JSON values differ, the first LIMITS.fieldChangesMax of them. Values below
 * `passwordHashes` read "***".
 */
export function findFieldChanges(before: unknown, after: unknown): FieldChange[] {
  const found: FieldChange[] = [];
  collect(before, after, [], false, found);
  return found.slice(0, LIMITS.fieldChangesMax);
}

function collect(
  before: unknown,
  after: unknown,
  path: readonly PropertyKey[],
  isMasked: boolean,
  found: FieldChange[],
): void {
  if (found.length >= LIMITS.fieldChangesMax || isDeepStrictEqual(before, after)) return;
  if (isContainer(before) && isContainer(after) && Array.isArray(before) === Array.isArray(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const masked = isMasked || MASKED_KEYS.has(key);
      collect(ownOf(before, key), ownOf(after, key), [...path, key], masked, found);
    }
    return;
  }
  found.push({
    pointer: pointerOf(path),
    ...(before === undefined ? {} : { before: maskedValue(before, isMasked) }),
    ...(after === undefined ? {} : { after: maskedValue(after, isMasked) }),
    ...(isMasked || holdsMasked(before) || holdsMasked(after) ? { masked: true as const } : {}),
  });
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function ownOf(value: object, key: string): unknown {
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** A copy in which whatever lies below a masked key is "***". */
function maskedValue(value: unknown, isMasked: boolean): unknown {
  if (!isContainer(value)) return isMasked ? '***' : value;
  if (Array.isArray(value)) return value.map((item: unknown) => maskedValue(item, isMasked));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, maskedValue(item, isMasked || MASKED_KEYS.has(key))]),
  );
}

function holdsMasked(value: unknown): boolean {
  if (!isContainer(value)) return false;
  return Object.entries(value).some(([key, item]) => MASKED_KEYS.has(key) || holdsMasked(item));
}
