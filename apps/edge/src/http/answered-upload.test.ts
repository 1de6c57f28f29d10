import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('an HTTP/2 service that answers before it has the whole upload gets no more of it, and the worker serves on', () => {
  const program = new URL('testing/answered-upload-main.ts', import.meta.url).pathname;
  const { stdout } = spawnSync(process.execPath, [program], {
    timeout: 120_000,
    killSignal: 'SIGKILL',
    encoding: 'utf8',
  });
  expect(stdout).toBe('reset');
}, 240_000);
