import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, startCliHarness } from '../../testing/cli-harness.ts';
import { parseLife } from './parse-life.ts';

let cli: CliHarness;
beforeAll(async () => {
  cli = await startCliHarness();
});
afterAll(async () => cli?.[Symbol.asyncDispose]());

const withToken = (token: string) => ({ env: { POSTERN_TOKEN: token } });

test('create prints the value alone, once; it works until it is revoked', async () => {
  const made = await cli.postern(['token', 'create', 'ci', '--expires-in', '30d']);
  expect(made.code, made.stderr).toBe(0);
  expect(made.stdout).toMatch(/^postern_[A-Za-z0-9_-]{43}\n$/);
  expect(made.stderr).toMatch(
    /^Token ci of scope admin made, until \d{4}-.*Z\. Its value is not shown again\.\n$/,
  );
  const value = made.stdout.trim();
  expect((await cli.postern(['route', 'list'], withToken(value))).code).toBe(0);

  const listed = await cli.postern(['tokens', 'list', '--json'], withToken(value));
  expect(listed.stdout).not.toContain(value);
  const items = JSON.parse(listed.stdout) as { name: string; expiresAt: string | null; current: boolean }[];
  expect(items.map(({ name, current }) => [name, current])).toEqual([
    ['admin', false],
    ['ci', true],
    ['edge', false],
  ]);
  const days = (Date.parse(items[1]?.expiresAt ?? '') - Date.now()) / 86_400_000;
  expect(days).toBeGreaterThan(29.9);
  expect(days).toBeLessThanOrEqual(30);

  expect(await cli.postern(['token', 'create', 'ci'])).toMatchObject({ code: 6, stdout: '' });
  expect(await cli.postern(['token', 'revoke', 'ci'])).toMatchObject({ code: 2, stdout: '' });
  expect(await cli.postern(['token', 'revoke', 'ci', '--yes'])).toMatchObject({
    code: 0,
    stdout: 'Token ci revoked\n',
  });
  expect(await cli.postern(['route', 'list'], withToken(value))).toMatchObject({ code: 4, stdout: '' });
  expect(await cli.postern(['token', 'revoke', 'ci', '--yes'])).toMatchObject({ code: 5 });
});

test('with --json the value is in the data, and nothing else is said', async () => {
  const made = await cli.postern(['token', 'create', 'edge-2', '--scope', 'edge', '--json']);
  expect(JSON.parse(made.stdout)).toMatchObject({ name: 'edge-2', scope: 'edge', expiresAt: null });
  expect(made.stderr).toBe('');
});

test('what cannot be meant is refused before the API is asked', async () => {
  for (const args of [
    ['create', 'x', '--scope', 'root'],
    ['create', 'x', '--expires-in', '30'],
    ['create', 'Bad_Name'],
    ['create'],
  ])
    expect(await cli.postern(['token', ...args])).toMatchObject({ code: 2, stdout: '' });
});

test('the last admin token goes with --force only', async () => {
  expect(await cli.postern(['token', 'revoke', 'admin', '--yes'])).toMatchObject({ code: 6 });
  expect(await cli.postern(['token', 'revoke', 'admin', '--yes', '--force'])).toMatchObject({ code: 0 });
  expect(await cli.postern(['token', 'list'])).toMatchObject({ code: 4 });
});

test('a life is read in seconds, within its bounds', () => {
  expect(['60s', '5m', '12h', '30d', '2w', '1y'].map((text) => parseLife(text, '--x'))).toEqual([
    60, 300, 43_200, 2_592_000, 1_209_600, 31_536_000,
  ]);
  for (const text of ['59s', '11y', '1.5h', '-1d', '', '1mo', '1e3s'])
    expect(() => parseLife(text, '--x')).toThrow('--x');
});
