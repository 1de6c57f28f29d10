import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { renderOpenApiDocument } from './openapi-document.ts';

// node apps/api/src/write-openapi.ts: brings the checked-in document up to date.
writeFileSync(resolve(import.meta.dirname, '../openapi.json'), renderOpenApiDocument());
