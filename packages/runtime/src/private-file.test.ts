import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPrivateFile, writePrivateFile } from './private-file.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'postern-private-'));
  file = join(folder, 'key');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a written file comes back, is for its owner alone, and leaves nothing beside it', () => {
  writePrivateFile(file, 'one');
  writePrivateFile(file, Buffer.from('two'));
  expect(readPrivateFile(file)?.toString()).toBe('two');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['key']);
});

test('what a crash or another left under the temporary name lends the file neither its rights nor its bytes', () => {
  writeFileSync(`${file}.new`, 'longer than what is written', { mode: 0o666 });
  chmodSync(`${file}.new`, 0o666);
  writePrivateFile(file, 'key');
  expect(readFileSync(file, 'utf8')).toBe('key');
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a file that others may read, or that cannot be read, is refused; a missing one is null', () => {
  expect(readPrivateFile(file)).toBeNull();
  writeFileSync(file, 'key', { mode: 0o600 });
  chmodSync(file, 0o640);
  expect(() => readPrivateFile(file)).toThrow(expect.objectContaining({ code: 'unavailable' }));
  expect(() => readPrivateFile(folder)).toThrow(expect.objectContaining({ code: 'unavailable' }));
});
