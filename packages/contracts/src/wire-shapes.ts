import type { z } from 'zod';
import type { Change, Cursor } from './change.ts';
import type { reportAnswer } from './report.ts';
import { integer, objectOf, type Shape, textOf, valueThat } from './shape.ts';

// No schema is here: see plain/index.ts. Each form is that of the schema of its name; document-shapes.test.ts holds both equal.

const cursor = objectOf({ epoch: textOf(), revision: integer(0) });
const change = objectOf({
  epoch: textOf(),
  revision: integer(1),
  kind: textOf(),
  id: textOf(),
  formatVersion: integer(),
  body: valueThat(() => true),
});
const answer = objectOf({ targetsUpTo: integer(0) }, { sightingsWanted: integer(0) });
const resync = objectOf({ epoch: textOf() });

/** What an edge hears of the API, by its schema's name; `resync` is what a full copy begins with. */
interface WireValues {
  readonly cursor: Cursor;
  readonly change: Change;
  readonly reportAnswer: z.output<typeof reportAnswer>;
  readonly resync: { readonly epoch: string };
}
const SHAPES: Readonly<Record<keyof WireValues, Shape>> = { cursor, change, reportAnswer: answer, resync };

/** The value where it has the form of that name, else undefined. */
export function readWire<K extends keyof WireValues>(form: K, value: unknown): WireValues[K] | undefined {
  return SHAPES[form](value, '') === null ? (value as WireValues[K]) : undefined;
}
