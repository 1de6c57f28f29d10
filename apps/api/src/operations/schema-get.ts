import { z } from '@hono/zod-openapi';
import { DOCUMENT_KINDS, type DocumentKind, documentJsonSchema } from '@postern/contracts';
import { defineOperation, type Operation } from '../operation.ts';

/** GET /schemas/KIND.json, for every kind of document. */
export const schemaOperations: readonly Operation[] = DOCUMENT_KINDS.map(getSchemaOf);

function getSchemaOf(kind: DocumentKind): Operation {
  const schema = JSON.stringify(documentJsonSchema(kind));
  return defineOperation({
    id: `get${kind.charAt(0).toUpperCase()}${kind.slice(1)}Schema`,
    method: 'get',
    path: `/schemas/${kind}.json`,
    scope: 'none',
    tag: 'platform',
    summary: `Gives the JSON Schema (draft-07) of a ${kind} in a file, for editors`,
    answers: {
      200: { description: 'The schema', schema: z.looseObject({}).meta({ id: 'JsonSchema' }) },
    },
    async handle() {
      return new Response(schema, {
        headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' },
      });
    },
  });
}
