import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { z } from '@hono/zod-openapi';
import { expect } from 'vitest';

interface DocumentedAnswer {
  readonly content?: Record<string, { schema: object }>;
  readonly headers?: Record<string, { required?: boolean }>;
}
interface ApiDocument {
  readonly paths: Record<string, Record<string, { responses: Record<string, DocumentedAnswer> }>>;
  readonly components: { readonly schemas: Record<string, object> };
}

const document = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../../openapi.json'), 'utf8').replaceAll(
    '#/components/schemas/',
    '#/$defs/',
  ),
) as ApiDocument;
const schemas = new Map<string, z.ZodType>();

/** Expects an answer to be one that the checked-in document allows for the call; unknown paths must answer problems. */
export function expectDocumented(method: string, path: string, response: Response, body: string): void {
  const template = Object.keys(document.paths).find((known) =>
    new RegExp(`^${known.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  const operation = document.paths[template ?? '']?.[method.toLowerCase()];
  const answer = operation?.responses[String(response.status)];
  if (operation !== undefined)
    expect(answer, `${method} ${path} answers ${response.status}, which is not documented`).toBeDefined();
  const type = response.headers.get('content-type')?.split(';')[0] ?? '';
  if (response.status >= 400) expect(type).toBe('application/problem+json');
  for (const [name, { required }] of Object.entries(answer?.headers ?? {})) {
    if (required === true) expect(response.headers.has(name), `${method} ${path} lacks ${name}`).toBe(true);
  }
  if (body === '') {
    expect(answer?.content).toBeUndefined();
    return;
  }
  const schema = operation === undefined ? { $ref: '#/$defs/Problem' } : answer?.content?.[type]?.schema;
  expect(
    schema,
    `${method} ${path} answers ${response.status} ${type}, which is not documented`,
  ).toBeDefined();
  const value: unknown = type.endsWith('json') ? JSON.parse(body) : body;
  const parsed = schemaOf(schema ?? {}).safeParse(value);
  expect(parsed.error?.issues ?? [], `${method} ${path}: ${body.slice(0, 500)}`).toEqual([]);
}

function schemaOf(schema: object): z.ZodType {
  const key = JSON.stringify(schema);
  const known = schemas.get(key);
  if (known !== undefined) return known;
  const made = z.fromJSONSchema({
    ...schema,
    $defs: document.components.schemas,
  } as z.core.JSONSchema.JSONSchema);
  schemas.set(key, made);
  return made;
}
