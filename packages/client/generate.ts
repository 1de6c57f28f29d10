import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

// node packages/client/generate.ts: writes src/generated/api.ts anew from the API's checked-in document.
const documentFile = resolve(import.meta.dirname, '../../apps/api/openapi.json');
export const GENERATED_FILE = resolve(import.meta.dirname, 'src/generated/api.ts');

/** The TypeScript types of the API's document, as they are checked in. */
export async function renderApiTypes(): Promise<string> {
  const nodes = await openapiTS(readFileSync(documentFile, 'utf8'), { rootTypes: false });
  return `// Generated from apps/api/openapi.json by packages/client/generate.ts. Do not edit.\n\n${astToString(nodes)}`;
}

if (import.meta.main) writeFileSync(GENERATED_FILE, await renderApiTypes());
