import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeDirectory } from './make-directory.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'postern-directory-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('everything missing is made, for its owner alone; what is there stays', () => {
  makeDirectory(join(root, 'a/b/c'));
  expect(statSync(join(root, 'a/b/c')).mode & 0o777).toBe(0o700);
  symlinkSync(join(root, 'a'), join(root, 'link'));
  makeDirectory(join(root, 'link/b/d'));
  expect(existsSync(join(root, 'a/b/d'))).toBe(true);
  makeDirectory(root);
});

test('a file in the way is an error', () => {
  writeFileSync(join(root, 'file'), '');
  expect(() => makeDirectory(join(root, 'file'))).toThrow('EEXIST');
  expect(() => makeDirectory(join(root, 'file/a'))).toThrow('EEXIST');
});

test.skipIf(!existsSync('/proc/self'))(
  'where nothing can be made that ends in an error, not in a loop',
  () => {
    const url = new URL('./make-directory.ts', import.meta.url).href;
    const code = `import { makeDirectory } from ${JSON.stringify(url)}; makeDirectory('/proc/postern/data');`;
    const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
      timeout: 15_000,
      killSignal: 'SIGKILL',
      encoding: 'utf8',
    });
    expect(signal).toBeNull();
    expect(stderr).toContain('ENOENT');
  },
);
