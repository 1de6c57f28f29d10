import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Follows a feed that is not there, in a process whose first attempt to load the feed's client fails; gives the first two lines of the log. */
const PROGRAM = `
  import { registerHooks } from 'node:module';
  let fails = 1;
  registerHooks({
    load(url, context, next) {
      if (url.includes('/feed/src/client/') && fails-- > 0) throw new Error('EMFILE: too many open files');
      return next(url, context);
    },
  });
  const [, folder, main] = process.argv;
  const { HostFollower } = await import(main);
  const told = [];
  const twice = Promise.withResolvers();
  const tell = (fields, message) => {
    if (told.push((fields.err?.message ?? '') + ' ' + message) === 2) twice.resolve();
  };
  const log = { debug: tell, info: tell, warn: tell, error: tell };
  const follower = new HostFollower({ dataDirectory: folder + '/edge', log, onApplied() {}, onFollowing() {} });
  follower.follow({ apiUrl: 'http://127.0.0.1:9', tokenFile: folder + '/token', edge: 'e' });
  await twice.promise;
  await follower.close();
  console.log(JSON.stringify(told.slice(0, 2)));`;

test('where the code that follows the feed cannot be loaded it is tried again, and the edge goes on', () => {
  const folder = mkdtempSync(join(tmpdir(), 'postern-follower-'));
  try {
    writeFileSync(join(folder, 'token'), 'a'.repeat(43), { mode: 0o600 });
    const main = join(import.meta.dirname, 'host-follower.ts');
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--input-type=module', '-e', PROGRAM, folder, main],
      { encoding: 'utf8' },
    );
    expect(status, stderr).toBe(0);
    const [first, second] = JSON.parse(stdout) as string[];
    expect(first).toBe('EMFILE: too many open files following the feed failed inside the edge');
    expect(second).toContain('the feed is not followed');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
