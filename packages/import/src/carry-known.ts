import { type Finding, pointerOf } from '@postern/contracts';
import { checkLost, isObject, notCarried } from './imported.ts';

/** What is known of a place in a foreign document. */
export type Shape =
  | { readonly is: 'value' }
  | { readonly is: 'list'; readonly of: Shape }
  /** Any key. */
  | { readonly is: 'map'; readonly of: Shape }
  | {
      readonly is: 'object';
      readonly keys: Readonly<Record<string, Shape>>;
      /** Keys that are left behind without harm, and why. */
      readonly harmless?: Readonly<Record<string, string>>;
    };

export const VALUE: Shape = { is: 'value' };

/**
 * Gives a value without what the shape does not know, and a finding for each such place. What is unknown may have been a check:
 * it is an error. What is null says nothing and is left behind as well. A value of another kind than its shape stays as it is, for
 * the schema to refuse.
 */
export function carryKnown(
  value: unknown,
  shape: Shape,
  path: readonly PropertyKey[],
  found: (finding: Finding) => void,
): unknown {
  if (shape.is === 'value') return value;
  if (shape.is === 'list') {
    if (!Array.isArray(value)) return value;
    return value.map((item, index) => carryKnown(item, shape.of, [...path, index], found));
  }
  if (!isObject(value)) return value;
  const entries: [string, unknown][] = [];
  for (const [key, part] of Object.entries(value)) {
    const place = [...path, key];
    const pointer = pointerOf(place);
    const known = shape.is === 'map' ? shape.of : ownOf(shape.keys, key);
    const harmless = shape.is === 'object' ? ownOf(shape.harmless ?? {}, key) : undefined;
    if (harmless !== undefined) found(notCarried(pointer, harmless));
    else if (known === undefined) {
      found(
        checkLost(pointer, `"${key}" is not known here, so that it may be a check: it is not carried over`),
      );
    } else if (part === null) found(notCarried(pointer, `"${key}" is empty`));
    else entries.push([key, carryKnown(part, known, place, found)]);
  }
  return Object.fromEntries(entries);
}

function ownOf<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
