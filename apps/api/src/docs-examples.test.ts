import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { startTestApi } from './testing/test-api.ts';

/** What curl exits with when its time is over; a watch ends in no other way. */
const CURL_TIMED_OUT = 28;

const page = readFileSync(join(import.meta.dirname, '../../../docs/api.md'), 'utf8');
const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
const [first = '', ...others] = blocks;
const exports = /^export .*$/m.exec(first)?.[0] ?? '';

test('the examples of docs/api.md do what they show, in the order of the page', async () => {
  await using api = await startTestApi();
  mkdirSync(join(api.directory, '.postern'));
  writeFileSync(join(api.directory, '.postern/admin-token'), `${api.adminToken}\n`);
  const run = (script: string) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const text = script
        .replaceAll('http://127.0.0.1:8700', api.url)
        .replaceAll('curl -fsSN', 'curl -fsSN --max-time 5');
      execFile('bash', ['-ec', text], { cwd: api.directory }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });
  expect(blocks.length).toBeGreaterThan(4);
  const all: string[] = [];
  for (const block of [first, ...others.map((other) => `${exports}\n${other}`)]) {
    const isWatch = block.includes('/watch');
    const { code, stdout, stderr } = await run(block);
    expect([block, stderr.replace(/^curl: \(28\).*\n/, ''), code]).toEqual([
      block,
      '',
      isWatch ? CURL_TIMED_OUT : 0,
    ]);
    all.push(stdout);
  }
  expect(all[0]).toContain('"name":"cart"');
  expect(all[1]).toContain('"value":"postern_');
  expect(all[2]).toMatch(/"items":\[\{.*"name":"cart".*"next":null/);
  expect(all[3]).toContain('"version":2');
  expect(all[4]).toMatch(/event: present\n[\s\S]*"version":1[\s\S]*event: synced/);
}, 120_000);
