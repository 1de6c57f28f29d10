import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { WORKER_FLAGS } from './worker-pool.ts';

/** What nobody needs for a first answer: schemas, ASN.1 libraries, regular expressions, tracing, the log, and Node's `fetch`, which an import of node:http brings along. */
const LEFT_OUT =
  /node_modules\/(zod|@peculiar|reflect-metadata|@opentelemetry|pino|eventsource-parser|re2js)\/|(contracts|pki)\/src\/index\.ts|node:https?$/;

/** Addresses of all modules that a program loads until it has nothing more to do. */
function modulesOf(program: string): string[] {
  const hooks =
    "import{registerHooks}from'node:module';registerHooks({load(u,c,n){process.stdout.write(u+'\\n');return n(u,c)}})";
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', `data:text/javascript,${encodeURIComponent(hooks)}`, program],
    { encoding: 'utf8', env: { PATH: process.env.PATH } },
  );
  expect(status, stderr).toBe(0);
  return stdout.trim().split('\n');
}

test('a worker proves its handshakes, and is ready to serve, with what serving needs alone', () => {
  const modules = modulesOf(join(import.meta.dirname, 'worker-main.ts'));
  expect(modules.filter((url) => url.endsWith('/http/forward.ts'))).toHaveLength(1);
  expect(modules.filter((url) => LEFT_OUT.test(url))).toEqual([]);
});

test('a supervisor starts its workers before it loads what follows the feed', () => {
  const modules = modulesOf(join(import.meta.dirname, '../supervisor.ts'));
  expect(modules.filter((url) => url.endsWith('/process/worker-pool.ts'))).toHaveLength(1);
  expect(modules.filter((url) => LEFT_OUT.test(url))).toEqual([]);
});

test('the flags of workers leave Node what it has compiled of itself', () => {
  const program = `require('node:tls');
    const { internalBinding } = require('internal/test/binding');
    process.stdout.write([...internalBinding('builtins').getCacheUsage().compiledWithoutCache].join());`;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--no-warnings', '--expose-internals', ...WORKER_FLAGS, '--eval', program],
    { encoding: 'utf8', env: { PATH: process.env.PATH } },
  );
  expect(status, stderr).toBe(0);
  expect(stdout).toBe('');
});
