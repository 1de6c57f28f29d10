import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkout, run } from '../platform/platform.ts';

const directory = mkdtempSync(join(tmpdir(), 'postern-install-'));

/** Makes `NAME.tgz`, a package that is like those of the registry. */
async function makePackage(name: string, manifest: object): Promise<void> {
  mkdirSync(join(directory, name, 'package'), { recursive: true });
  const text = JSON.stringify({ name, version: '1.0.0', ...manifest });
  writeFileSync(join(directory, name, 'package/package.json'), text);
  const { code, stderr } = await run('tar', [
    '-czf',
    join(directory, `${name}.tgz`),
    '-C',
    join(directory, name),
    'package',
  ]);
  expect(code, stderr).toBe(0);
}

const call = (script: string) =>
  run('sh', [join(directory, 'scripts', script)], { cwd: directory, env: { HOME: directory } });
const install = () => call('install.sh');

beforeAll(async () => {
  mkdirSync(join(directory, 'scripts'));
  for (const file of ['.npmrc', 'scripts/install.sh', 'scripts/check.sh']) {
    cpSync(join(checkout, file), join(directory, file));
  }
  const brings = 'mkdir bin && printf "#!/bin/sh\\n" > bin/node && chmod +x bin/node';
  await makePackage('node', { bin: { node: 'bin/node' }, scripts: { preinstall: brings } });
  // npm runs node-gyp for a package with a binding.gyp, too, even for one that says `gypfile: false` and brings its binary.
  await makePackage('native', { scripts: { install: 'echo needs a compiler; exit 1' } });
  const devDependencies = { node: 'file:node.tgz', native: 'file:native.tgz' };
  writeFileSync(
    join(directory, 'package.json'),
    JSON.stringify({ name: 'own', private: true, devDependencies }),
  );
  writeFileSync(join(directory, 'package-lock.json'), '{"lockfileVersion": 3, "packages": {}}');
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

test('an installation runs no script of a package but that of Node: it needs no compiler, Python or headers', async () => {
  const { code, stderr } = await install();
  expect(code, stderr).toBe(0);
  expect(existsSync(join(directory, 'node_modules/native/package.json'))).toBe(true);
  expect(existsSync(join(directory, 'node_modules/.bin/node'))).toBe(true);
  expect(await install()).toMatchObject({ code: 0, stdout: '', stderr: '' });
}, 120_000);

test('who has called npm install by hand gets Node by the next start, test or check', async () => {
  rmSync(join(directory, 'node_modules'), { recursive: true });
  const byHand = await run('npm', ['install', '--no-save'], { cwd: directory, env: { HOME: directory } });
  expect(byHand.code, byHand.stderr).toBe(0);
  // What it finds in this folder is of no interest.
  await call('check.sh');
  expect(existsSync(join(directory, 'node_modules/.bin/node'))).toBe(true);
}, 120_000);
