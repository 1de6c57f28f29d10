import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { makeOpenApiDocument, renderOpenApiDocument } from './openapi-document.ts';
import { OPERATIONS } from './operations/index.ts';

test('the checked-in document is what the code says (else run: npm run generate)', () => {
  expect(readFileSync(join(import.meta.dirname, '../openapi.json'), 'utf8')).toBe(renderOpenApiDocument());
});

test('the document is OpenAPI 3.1 with one operation id for each operation', () => {
  const document = makeOpenApiDocument() as {
    openapi: string;
    paths: Record<string, Record<string, { operationId: string }>>;
  };
  expect(document.openapi).toBe('3.1.0');
  const ids = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  expect(ids.sort()).toEqual(OPERATIONS.map(({ id }) => id).sort());
  expect(new Set(ids).size).toBe(ids.length);
});
