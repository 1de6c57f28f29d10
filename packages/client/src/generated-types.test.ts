import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { renderApiTypes } from '../render-api-types.ts';

test('the checked-in types are those of the checked-in document (else run: npm run generate)', async () => {
  expect(readFileSync(join(import.meta.dirname, 'generated/api.ts'), 'utf8')).toBe(await renderApiTypes());
});
