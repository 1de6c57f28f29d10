import { z } from 'zod';
import { DOCUMENT_KINDS, type DocumentKind, documentSchemas } from './document.ts';
import { type Annotation, DOCUMENT_ANNOTATIONS } from './document-annotations.ts';

type Schema = Record<string, unknown>;

const TITLES: Readonly<Record<DocumentKind, string>> = {
  secret: 'Postern secret',
  service: 'Postern service',
  route: 'Postern route',
};

/**
 * The JSON Schema (draft-07, for editors) of a kind of document, without references. It accepts every document that the
 * contracts accept; what it cannot say (a host that is twice, a number that hangs on another) only the contracts refuse.
 */
export function documentJsonSchema(kind: DocumentKind): object {
  const made = z.toJSONSchema(documentSchemas[kind], { target: 'draft-7', io: 'input' }) as Schema;
  const definitions = (made.definitions ?? {}) as Record<string, Schema>;
  const body = annotate(inline(made, definitions), '', DOCUMENT_ANNOTATIONS[kind]);
  const { $schema: _, definitions: __, ...rest } = body;
  return { $schema: 'http://json-schema.org/draft-07/schema#', title: TITLES[kind], ...rest };
}

/** True for the word of a kind. */
export function isDocumentKind(text: string): text is DocumentKind {
  return DOCUMENT_KINDS.some((kind) => kind === text);
}

/** Puts what references name in their place: editors show more of it, and no document of ours is recursive. */
function inline(schema: Schema, definitions: Readonly<Record<string, Schema>>): Schema {
  const { $ref, allOf, ...rest } = schema;
  const named = typeof $ref === 'string' ? definitions[$ref.replace('#/definitions/', '')] : undefined;
  // zod wraps a reference with `allOf` where the property is optional.
  const wrapped = Array.isArray(allOf) && allOf.length === 1 ? (allOf[0] as Schema) : undefined;
  const merged: Schema = { ...(named ?? wrapped ?? {}), ...rest };
  if (named !== undefined || wrapped !== undefined) return inline(merged, definitions);
  return mapChildren(merged, (child) => inline(child, definitions));
}

/** Adds what editors show. A place without an annotation of its own is a fault that the tests find. */
function annotate(schema: Schema, place: string, annotations: Readonly<Record<string, Annotation>>): Schema {
  const own = annotations[place];
  const annotated = mapChildren(schema, (child, step) => annotate(child, place + step, annotations));
  return own === undefined
    ? annotated
    : { ...(place === '' ? {} : { description: own.description }), ...annotated, ...own.also };
}

/** Applies a function to every schema inside; `step` is what a path into the document gets longer by. */
function mapChildren(schema: Schema, map: (child: Schema, step: string) => Schema): Schema {
  const result: Schema = { ...schema };
  if (isSchema(schema.properties)) {
    result.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([key, child]) => [key, map(child as Schema, `/${key}`)]),
    );
  }
  for (const key of ['items', 'additionalProperties'])
    if (isSchema(schema[key])) result[key] = map(schema[key], '/*');
  for (const key of ['oneOf', 'anyOf', 'allOf']) {
    const options = schema[key];
    if (Array.isArray(options)) result[key] = options.map((child) => map(child as Schema, ''));
  }
  return result;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
