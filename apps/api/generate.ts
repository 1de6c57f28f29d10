import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { renderOpenApiDocument } from './src/openapi-document.ts';

// node apps/api/generate.ts: brings the checked-in document up to date; packages/client/generate.ts follows it.
export const OPENAPI_FILE = resolve(import.meta.dirname, 'openapi.json');

if (import.meta.main) writeFileSync(OPENAPI_FILE, renderOpenApiDocument());
