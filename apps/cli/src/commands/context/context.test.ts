import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliHarness, type CliResult, endOf, startCliHarness } from '../../testing/cli-harness.ts';

let cli: CliHarness;
beforeAll(async () => {
  cli = await startCliHarness();
});
afterAll(async () => cli?.[Symbol.asyncDispose]());

const run = (args: string[], input?: string, env?: Record<string, string>): Promise<CliResult> =>
  cli.postern(args, { ...(input === undefined ? {} : { input }), ...(env === undefined ? {} : { env }) });
const configText = () => readFileSync(cli.configFile, 'utf8');

test('from adding to deleting: the configuration stays private, and tokens are on no output', async () => {
  writeFileSync(cli.configFile, `# of this machine\n${configText()}`);
  const added = await run(
    ['context', 'add', 'ci', '--url', `${cli.url}/`, '--token-stdin', '--project', 'default'],
    `${cli.adminToken}\n`,
  );
  expect(added).toMatchObject({ code: 0, stdout: 'Context ci added\n', stderr: '' });
  expect(configText()).toContain(cli.adminToken);
  expect(configText()).toContain('# of this machine');
  expect(statSync(cli.configFile).mode & 0o777).toBe(0o600);
  expect(await run(['context', 'add', 'ci', '--url', cli.url])).toMatchObject({ code: 6, stdout: '' });

  const used = await run(['context', 'use', 'ci']);
  expect(used.stdout).toBe(`Context ci is now the current one (${cli.url})\n`);
  expect((await run(['route', 'list'])).code).toBe(0);

  const listed = await run(['contexts', 'ls']);
  expect(listed.stdout).toContain(`*\tci\t${cli.url}\tdefault\tstored\n`);
  const shown = await run(['context', 'show']);
  expect(shown.stdout).toContain(`token\tstored\tuser-file: context ci\n`);
  for (const { stdout, stderr } of [added, used, listed, shown])
    expect(stdout + stderr).not.toContain(cli.adminToken);

  expect((await run(['context', 'rename', 'ci', 'pipeline'])).stdout).toBe('Context ci is now pipeline\n');
  const names = await run(['context', 'list', '-o', 'name']);
  expect(names.stdout).toBe('local\npipeline\n');
  const deleted = await run(['context', 'delete', 'pipeline', '--yes']);
  expect(deleted).toMatchObject({ code: 0, stdout: 'Context pipeline deleted\n' });
  expect(deleted.stderr).toContain('no context is current now');
  expect(configText()).toContain('# of this machine');
  expect(configText()).not.toContain(cli.adminToken);
  expect((await run(['context', 'use', 'local'])).code).toBe(0);
});

test('set changes what is named; a token stays with its address alone', async () => {
  const token = cli.file('token', `${cli.adminToken}\n`);
  await run(['context', 'add', 'two', '--url', cli.url, '--token-file', token]);
  const moved = await run(['context', 'set', 'two', '--url', 'https://elsewhere.example.org']);
  expect(moved).toMatchObject({ code: 2, stdout: '' });
  expect(moved.stderr).toContain('is not sent elsewhere');
  expect((await run(['context', 'set', 'two', '--project', 'shop'])).code).toBe(0);
  const set = await run(
    ['context', 'set', 'two', '--url', 'http://192.0.2.1:8700', '--token-stdin', '--no-project'],
    'another-token',
  );
  expect(set.stderr).toContain('is not encrypted');
  const [, two] = JSON.parse((await run(['context', 'list', '--json'])).stdout);
  expect(two).toEqual({
    name: 'two',
    url: 'http://192.0.2.1:8700',
    project: null,
    token: 'stored',
    current: false,
  });
  expect(await run(['context', 'set'])).toMatchObject({ code: 2 });
  expect(await run(['context', 'set', 'tow', '--project', 'x'])).toMatchObject({
    code: 5,
    stderr: expect.stringContaining('did you mean "two"?'),
  });
});

test('what cannot be meant is refused and changes nothing', async () => {
  const before = configText();
  for (const [code, ...args] of [
    [2, 'add', 'x', '--url', 'ftp://x'],
    [2, 'add', 'x', '--url', 'http://user:canary@x'],
    [2, 'add', 'a/b', '--url', cli.url],
    [2, 'add', 'x', '--url', cli.url, '--token-file', '/nonexistent'],
    [2, 'add', 'x', '--url', cli.url, '--token-stdin'],
    [5, 'use', 'none'],
    [5, 'rename', 'none', 'x'],
    [6, 'rename', 'two', 'local'],
    [2, 'delete', 'two'],
  ] as const) {
    const { code: answered, stdout, stderr } = await run(['context', ...args]);
    expect([args.join(' '), answered, stdout]).toEqual([args.join(' '), code, '']);
    expect(stderr).not.toContain('canary');
  }
  expect(configText()).toBe(before);
});

test('show says what holds where a project file is, and from where each value comes', async () => {
  const folder = join(cli.directory, 'repo/src');
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(cli.directory, 'repo/.git'));
  const file = join(cli.directory, 'repo/.postern.yaml');
  writeFileSync(file, 'context: two\nproject: shop\n');
  const inRepo = (words: string) =>
    endOf(cli.start('/bin/sh', ['-c', `cd '${folder}' && exec ${cli.program} ${words}`]));
  const shown = await inRepo('context show --json');
  expect(JSON.parse(shown.stdout)).toEqual({
    settings: {
      context: { value: 'two', source: 'project-file', from: file },
      url: { value: 'http://192.0.2.1:8700', source: 'project-file', from: 'context two' },
      token: { value: 'stored', source: 'project-file', from: 'context two' },
      project: { value: 'shop', source: 'project-file', from: file },
    },
    userFile: cli.configFile,
    projectFile: file,
  });
  const flagged = await inRepo('context show --context local --project other -o table');
  expect(flagged.stdout).toContain('context\tlocal\tflag: --context\n');
  expect(flagged.stdout).toContain('project\tother\tflag: --project\n');
  writeFileSync(file, 'url: https://evil.example.org\n');
  const refused = await inRepo('route list --context local');
  expect(refused).toMatchObject({ code: 3, stdout: '' });
  expect(refused.stderr).toContain(`${file}:1:1: error:`);
});

test('--token-stdin gives any call its token', async () => {
  const env = { POSTERN_URL: cli.url, POSTERN_CONFIG: join(cli.directory, 'none') };
  const args = ['token', 'list', '--token-stdin', '-o', 'name'];
  expect(await run(args, cli.adminToken, env)).toMatchObject({ code: 0, stdout: 'admin\nedge\n' });
  expect(await run(args, 'postern_wrong', env)).toMatchObject({ code: 4, stdout: '' });
});
