import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { renderOpenApiDocument } from '../apps/api/src/openapi-document.ts';
import { renderApiTypes } from '../packages/client/render-api-types.ts';
import { renderErrorsPage } from './render-errors-page.ts';

// Writes every generated file, or with --check only says which are stale (exit 1).
const root = resolve(import.meta.dirname, '..');
const generated: Record<string, () => Promise<string> | string> = {
  // In this order: the types are made from the checked-in document.
  'apps/api/openapi.json': renderOpenApiDocument,
  'packages/client/src/generated/api.ts': renderApiTypes,
  'docs/errors.md': renderErrorsPage,
};

const stale: string[] = [];
for (const [file, render] of Object.entries(generated)) {
  const path = resolve(root, file);
  const wanted = await render();
  if (existsSync(path) && readFileSync(path, 'utf8') === wanted) continue;
  if (process.argv.includes('--check')) stale.push(relative(root, path));
  else writeFileSync(path, wanted);
}
if (stale.length > 0) {
  console.error(`Stale: ${stale.join(', ')}. Run: npm run generate`);
  process.exitCode = 1;
}
