import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

const documentFile = resolve(import.meta.dirname, '../../apps/api/openapi.json');

/** The TypeScript types of the API's checked-in document, for src/generated/api.ts. `npm run generate` writes it. */
export async function renderApiTypes(): Promise<string> {
  const nodes = await openapiTS(readFileSync(documentFile, 'utf8'), { rootTypes: false });
  return `// Generated from apps/api/openapi.json by npm run generate. Do not edit.\n\n${astToString(nodes)}`;
}
