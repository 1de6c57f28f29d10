import { z } from 'zod';

/**
 * The same value with keys in the order of a schema (those of records, and any the schema does not know, by name) and
 * without undefined ones, so that equal values are written as equal bytes.
 */
export function orderKeys(schema: unknown, value: unknown): unknown {
  const known = unwrap(schema);
  if (Array.isArray(value)) {
    const element = known instanceof z.ZodArray ? known.element : undefined;
    return value.map((item) => orderKeys(element, item));
  }
  if (typeof value !== 'object' || value === null) return value;
  const object = objectOf(known, value);
  const shape: Record<string, unknown> = object instanceof z.ZodObject ? object.shape : {};
  const valueType = known instanceof z.ZodRecord ? known.valueType : undefined;
  const present = Object.entries(value).filter(([, part]) => part !== undefined);
  const rank = new Map(Object.keys(shape).map((key, index) => [key, index]));
  const rankOf = (key: string): number => rank.get(key) ?? rank.size;
  return Object.fromEntries(
    present
      .toSorted(([a], [b]) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1))
      .map(([key, part]) => [key, orderKeys(shape[key] ?? valueType, part)]),
  );
}

/** The object of a union that a value belongs to: the one its discriminator chooses, or the only one. */
function objectOf(schema: unknown, value: object): unknown {
  if (!(schema instanceof z.ZodUnion)) return schema;
  const objects = schema.options.map(unwrap).filter((option) => option instanceof z.ZodObject);
  if (!(schema instanceof z.ZodDiscriminatedUnion)) return objects[0];
  const key = schema.def.discriminator;
  const word = (value as Record<string, unknown>)[key];
  return objects.find((option) => option.shape[key]?.safeParse(word).success === true);
}

function unwrap(schema: unknown): unknown {
  let current = schema;
  for (;;) {
    if (
      current instanceof z.ZodOptional ||
      current instanceof z.ZodDefault ||
      current instanceof z.ZodNullable
    ) {
      current = current.unwrap();
    } else if (current instanceof z.ZodPipe) current = current.in;
    else return current;
  }
}
