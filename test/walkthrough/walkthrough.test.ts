import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkout, type Platform, run, startPlatform } from '../platform/platform.ts';

interface Step {
  readonly title: string;
  readonly script: string;
  readonly expected: readonly string[];
}

/** The `sh` blocks of README's walk-through (bash with openssl and curl), each with the lines that its `text` block demands of the output. */
function readSteps(): Step[] {
  const readme = readFileSync(join(checkout, 'README.md'), 'utf8');
  const section = /\n## Walk-through\n([\s\S]*?)\n## /.exec(readme)?.[1] ?? '';
  const blocks = [...section.matchAll(/([^\n]*)\n\n```sh\n([\s\S]*?)```(?:\n\n```text\n([\s\S]*?)```)?/g)];
  return blocks.map(([, title = '', script = '', expected = '']) => ({
    title,
    script,
    expected: expected.split('\n').filter((line) => line !== ''),
  }));
}

const steps = readSteps();
let platform: Platform;
let directory: string;

beforeAll(async () => {
  platform = await startPlatform();
  // Below the checkout, so that `npx postern` finds the checkout's program as it does for a reader.
  mkdirSync(join(checkout, '.cache'), { recursive: true });
  directory = mkdtempSync(join(checkout, '.cache/walkthrough-'));
});

afterAll(async () => {
  await platform?.[Symbol.asyncDispose]();
  if (directory) rmSync(directory, { recursive: true, force: true });
});

describe('the walk-through of README.md does what it says', () => {
  test('it has its steps', () => {
    expect(steps.length).toBeGreaterThanOrEqual(8);
  });

  test.each(steps)('$title', async ({ title, script, expected }) => {
    // Only the port differs from the text, so that the test runs beside a Postern that is in use.
    const text = script.replaceAll(':8443', `:${platform.ports.https}`);
    const cwd = title.startsWith('Make a root CA') ? directory : join(directory, 'try');
    const { code, stdout, stderr } = await run('bash', ['-euc', text], { cwd, env: platform.env });
    expect(code, stdout + stderr).toBe(0);
    for (const line of expected) expect(stdout + stderr).toContain(line);
  });
});
