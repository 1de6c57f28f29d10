import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { OPENAPI_FILE } from '../generate.ts';
import { makeOpenApiDocument, renderOpenApiDocument } from './openapi-document.ts';
import { OPERATIONS } from './operations/index.ts';

test('the checked-in document is what the code says (else run: node apps/api/generate.ts)', () => {
  expect(readFileSync(OPENAPI_FILE, 'utf8')).toBe(renderOpenApiDocument());
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
