import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';

/** What a program writes to standard error, as lines of JSON. */
function linesOf(program: string): Record<string, unknown>[] {
  const url = pathToFileURL(join(import.meta.dirname, 'create-log.ts')).href;
  const { stderr, status } = spawnSync(
    'sh',
    ['-c', 'ulimit -n 64; exec "$0" --input-type=module -e "$1"', process.execPath, program],
    { encoding: 'utf8', env: { PATH: process.env.PATH, CREATE_LOG: url } },
  );
  expect(status, stderr).toBe(0);
  return stderr
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('a first line that is written while no descriptor is left is written all the same, and ends nothing', () => {
  const program = `
    import { closeSync, openSync } from 'node:fs';
    const { createLog } = await import(process.env.CREATE_LOG);
    const log = createLog('edge');
    const taken = [];
    try { for (;;) taken.push(openSync('/dev/null')); } catch {}
    log.debug({}, 'not told');
    log.warn({ err: new Error('why'), client: '192.0.2.1' }, 'first');
    for (const descriptor of taken) closeSync(descriptor);
    log.debug({}, 'not told');
    log.error({ err: new Error('why') }, 'second');`;
  const [first, second, ...more] = linesOf(program);
  expect(more).toEqual([]);
  expect(first).toMatchObject({
    level: 'warn',
    part: 'edge',
    err: { message: 'why' },
    client: '192.0.2.1',
    msg: 'first',
  });
  expect(second).toMatchObject({
    level: 'error',
    part: 'edge',
    err: { type: 'Error', message: 'why' },
    msg: 'second',
  });
  expect(Object.keys(second ?? {})).toEqual(expect.arrayContaining(['time', 'pid']));
  expect(Object.keys(first ?? {})).toEqual(expect.arrayContaining(['time', 'pid']));
});
