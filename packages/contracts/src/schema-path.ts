import { z } from 'zod';

/** The keys a schema knows at a path of a value. */
export function keysAt(schema: z.ZodType, value: unknown, path: readonly PropertyKey[]): string[] {
  const found = schemaAt(schema, value, path);
  let object = found;
  if (found instanceof z.ZodDiscriminatedUnion) object = optionOf(found, path.reduce(ownValue, value));
  else if (found instanceof z.ZodUnion) object = objectOptionOf(found);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

/** The schema at a path of a value, looking through optionals, arrays, records, refinements and the options of unions. */
export function schemaAt(schema: z.ZodType, value: unknown, path: readonly PropertyKey[]): unknown {
  let current: unknown = unwrap(schema);
  let parent = value;
  for (const part of path) {
    if (current instanceof z.ZodDiscriminatedUnion) current = optionOf(current, parent);
    else if (current instanceof z.ZodUnion) current = objectOptionOf(current);
    if (current instanceof z.ZodObject) current = unwrap(current.shape[String(part)]);
    else if (current instanceof z.ZodArray) current = unwrap(current.element);
    else if (current instanceof z.ZodRecord) current = unwrap(current.valueType);
    else return undefined;
    parent = ownValue(parent, part);
  }
  return current;
}

/** The option of a union that a value chooses by its discriminator. */
function optionOf(union: z.ZodDiscriminatedUnion, value: unknown): unknown {
  const word = ownValue(value, union.def.discriminator);
  return union.options.find((option) => wordsOfOption(union, option).includes(String(word)));
}

/** The one option with keys of a union like "a text or an object". */
function objectOptionOf(union: z.ZodUnion): unknown {
  return union.options.find((option) => option instanceof z.ZodObject);
}

/** The words that choose an option of a union. */
export function wordsOf(union: z.ZodDiscriminatedUnion): string[] {
  return union.options.flatMap((option) => wordsOfOption(union, option));
}

function wordsOfOption(union: z.ZodDiscriminatedUnion, option: unknown): string[] {
  const word = option instanceof z.ZodObject ? option.shape[union.def.discriminator] : undefined;
  return word instanceof z.ZodLiteral ? [...word.values].map(String) : [];
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

/** A value's own property; undefined where there is none. */
export function ownValue(parent: unknown, key: PropertyKey): unknown {
  return typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key)
    ? (parent as Record<PropertyKey, unknown>)[key]
    : undefined;
}
