import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const PROGRAM = fileURLToPath(new URL('../bin/postern.js', import.meta.url));

test('compiled code is kept in the home of its user, never where others could leave some for us', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-compiled-'));
  const [home, shared] = [join(folder, 'home'), join(folder, 'shared')];
  for (const made of [home, shared]) mkdirSync(made);
  try {
    const run = (env: Readonly<Record<string, string>>) =>
      spawnSync(process.execPath, [PROGRAM, '--version'], {
        encoding: 'utf8',
        timeout: 30_000,
        env: { TMPDIR: shared, ...env },
      });
    expect(run({ HOME: home }).status).toBe(0);
    expect(readdirSync(join(home, '.cache/postern'))).not.toEqual([]);
    // Where there is none it starts all the same, and where none can be made: below /proc Node would try for ever.
    for (const none of ['/dev/null', '/proc/none', '/proc/self'])
      expect(run({ HOME: none })).toMatchObject({ status: 0, stderr: '' });
    expect(readdirSync(shared)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
