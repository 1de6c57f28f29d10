import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDirectory } from './lock-directory.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'postern-lock-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const refusalOf = (detail: string) =>
  expect.objectContaining({ code: 'unavailable', detail: expect.stringContaining(detail) });

test('the directory is made for its owner alone, and free again after release', () => {
  const directory = join(root, 'a/b');
  lockDirectory(directory, 'X').release();
  expect(statSync(directory).mode & 0o077).toBe(0);
  lockDirectory(directory, 'X').release();
});

test('another process is refused while one holds it, and kill -9 of the holder frees it at once', async () => {
  const code = `import { lockDirectory } from ${JSON.stringify(join(import.meta.dirname, 'lock-directory.ts'))};
    globalThis.kept = lockDirectory(${JSON.stringify(root)}, 'X'); console.log('held'); setInterval(() => {}, 1000);`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    await once(holder.stdout, 'data');
    expect(() => lockDirectory(root, 'X')).toThrow(
      refusalOf(`X: ${root} is in use by process ${holder.pid}`),
    );
  } finally {
    holder.kill('SIGKILL');
    await once(holder, 'exit');
  }
  lockDirectory(root, 'X').release();
});

test('a directory that cannot be made is refused, naming the variable', () => {
  writeFileSync(join(root, 'file'), '');
  for (const directory of [join(root, 'file'), join(root, 'file/data')]) {
    expect(() => lockDirectory(directory, 'X')).toThrow(
      refusalOf(`X: ${directory} is, or lies below, a file; move it away or choose another directory`),
    );
  }
});
