import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkout, run } from '../platform/platform.ts';

test('tests that a failed preparation kept from running count as failed, not as skipped', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-counts-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const report = join(directory, 'report.json');
  const files = {
    'prepared.test.mjs': `test('passes', () => {}); test.skip('is skipped', () => {}); test('fails', () => { throw new Error(); });`,
    'unprepared.test.mjs': `beforeAll(() => { throw new Error(); }); test('one', () => {}); test('two', () => {});`,
    'unreadable.test.mjs': `import './gone.mjs';`,
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const bin = (name: string) => join(checkout, 'node_modules/.bin', name);
  const reporter = ['--reporter=json', `--outputFile.json=${report}`];
  const ran = await run(bin('vitest'), ['run', '--globals', '--root', directory, ...reporter], {
    cwd: directory,
  });
  expect(ran.code).toBe(1);
  const { stdout } = await run(bin('node'), [join(checkout, 'scripts/print-test-counts.ts'), report]);
  expect(stdout).toBe('1 passed, 4 failed, 1 skipped\n');
}, 240_000);
