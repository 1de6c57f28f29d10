import { globSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const files = globSync('{apps,packages,test,benchmarks,scripts}/**/*.ts', {
  cwd: root,
  exclude: ['**/node_modules/**', '**/generated/**'],
}).sort();

test.each(files)('%s has at most 400 lines and a name that says what it holds', (file) => {
  expect(readFileSync(join(root, file), 'utf8').split('\n').length).toBeLessThanOrEqual(401);
  expect(basename(file)).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*(\.(test|long))?\.ts$/);
  expect(basename(file)).not.toMatch(/^(utils?|helpers?|common|misc|types)\./);
});

test('process.env is read only in env.ts files, tests and scripts', () => {
  const readers = files.filter(
    (file) =>
      !/(^|\/)env\.ts$|\.test\.ts$|^test\/|^scripts\/|^benchmarks\/|\/testing\//.test(file) &&
      readFileSync(join(root, file), 'utf8').includes('process.env'),
  );
  expect(readers).toEqual([]);
});

test('the surface of every workspace package is an index.ts, a folder for tests, or a bin', () => {
  for (const manifest of globSync('{apps,packages}/*/package.json', { cwd: root })) {
    const { exports, bin } = JSON.parse(readFileSync(join(root, manifest), 'utf8')) as {
      exports?: object;
      bin?: object;
    };
    const targets = Object.values({ ...exports, ...bin });
    expect(targets.length, manifest).toBeGreaterThan(0);
    for (const target of targets)
      expect(target, manifest).toMatch(/\/index\.ts$|\/testing\/[a-z-]+\.ts$|^\.\/bin\/[a-z]+\.js$/);
  }
});
