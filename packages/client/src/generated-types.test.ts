import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { GENERATED_FILE, renderApiTypes } from '../generate.ts';

test('the checked-in types are those of the checked-in document (else run: node packages/client/generate.ts)', async () => {
  expect(readFileSync(GENERATED_FILE, 'utf8')).toBe(await renderApiTypes());
});
