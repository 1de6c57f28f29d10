import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changeConfigFile } from './change-config-file.ts';
import { readConfigFile } from './config-file.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-change-'));
  file = join(directory, 'postern/config.yaml');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const add = (name: string) =>
  changeConfigFile(file, (config) => ({
    ...config,
    contexts: [...config.contexts, { name, url: 'http://127.0.0.1:8700' }],
  }));
const names = async () => (await readConfigFile(file)).contexts.map(({ name }) => name).sort();

test('writes at the same moment, from this process and from others, are all kept', async () => {
  const program = `
    const { changeConfigFile } = await import(${JSON.stringify(join(import.meta.dirname, 'change-config-file.ts'))});
    for (let n = 0; n < 10; n += 1)
      await changeConfigFile(${JSON.stringify(file)}, (config) => ({
        ...config, contexts: [...config.contexts, { name: process.argv[2] + n, url: 'http://127.0.0.1:8700' }],
      }));`;
  const script = join(directory, 'writer.mjs');
  writeFileSync(script, program);
  const writers = ['a', 'b'].map((name) => once(fork(script, [name]), 'exit'));
  for (let n = 0; n < 5; n += 1) await Promise.all([add(`c${n}`), add(`d${n}`)]);
  expect((await Promise.all(writers)).map(([code]) => code)).toEqual([0, 0]);
  const wanted = [10, 10, 5, 5].flatMap((count, at) =>
    Array.from({ length: count }, (_, n) => `${'abcd'[at]}${n}`),
  );
  expect(await names()).toEqual(wanted.sort());
}, 240_000);

test('a change that is refused leaves the file as it was, and the next one goes on', async () => {
  await add('one');
  const refused = changeConfigFile(file, () => {
    throw new Error('refused');
  });
  await expect(refused).rejects.toThrow('refused');
  await add('two');
  expect(await names()).toEqual(['one', 'two']);
  expect(readdirSync(join(directory, 'postern')).sort()).toEqual(['config.yaml', 'config.yaml.lock']);
});

test('where the folder cannot be made or the lock not be had, the failure names the file', async () => {
  await add('one');
  await expect(changeConfigFile(join(file, 'below.yaml'), (config) => config)).rejects.toThrow(
    /configuration .*below\.yaml cannot be written/,
  );
});
