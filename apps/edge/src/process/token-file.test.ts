import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readTokenFile } from './token-file.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-token-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('a token is taken without the blanks around it, and nothing is taken that could not be a header', () => {
  const file = join(directory, 'token');
  const tokenOf = (text: string): string | null => {
    writeFileSync(file, text);
    return readTokenFile(file);
  };
  expect(tokenOf('edge-token\n')).toBe('edge-token');
  expect(tokenOf(`\t${'x'.repeat(4_096)}\r\n`)).toHaveLength(4_096);
  for (const text of ['', ' \n', 'two words', 'two\nlines', 'tok\0en', 'töken', 'x'.repeat(4_097)]) {
    expect(tokenOf(text), text).toBeNull();
  }
  expect(readTokenFile(join(directory, 'nowhere'))).toBeNull();
  expect(readTokenFile(directory)).toBeNull();
});
