import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CliEnv, readCliEnv } from '../env.ts';
import { settleSettings } from './effective-settings.ts';
import { findProjectFile, PROJECT_FILE, readProjectFile } from './project-file.ts';
import { resolveSession } from './resolve-session.ts';

let root: string;
let deep: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'postern-project-')));
  deep = join(root, 'home/repo/a/b');
  mkdirSync(deep, { recursive: true });
  mkdirSync(join(root, 'home/repo/.git'));
  writeFileSync(
    join(root, 'config.yaml'),
    `current: mine
contexts:
  - { name: mine, url: 'https://mine.example.org', token: mine-token, project: own }
  - { name: vendor, url: 'https://vendor.example.org', token: vendor-token }
  - { name: bare, url: 'https://bare.example.org' }
`,
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const envOf = (variables: Record<string, string> = {}): CliEnv => ({
  ...readCliEnv({ POSTERN_CONFIG: join(root, 'config.yaml'), ...variables }),
  workingDirectory: deep,
  home: join(root, 'home'),
});
const write = (text: string, folder = 'home/repo') => writeFileSync(join(root, folder, PROJECT_FILE), text);

describe('the project file is found', () => {
  test('in the folder itself and above it, up to the repository', () => {
    expect(findProjectFile(deep, join(root, 'home'))).toBeUndefined();
    write('project: shop');
    expect(findProjectFile(deep, join(root, 'home'))).toBe(join(root, 'home/repo', PROJECT_FILE));
    write('project: near', 'home/repo/a');
    expect(findProjectFile(deep, join(root, 'home'))).toBe(join(root, 'home/repo/a', PROJECT_FILE));
  });

  test('not above the repository or the home folder: what lies there belongs to others', () => {
    write('project: shop', 'home');
    expect(findProjectFile(deep, join(root, 'home'))).toBeUndefined();
    rmSync(join(root, 'home/repo/.git'), { recursive: true });
    expect(findProjectFile(deep, join(root, 'home'))).toBe(join(root, 'home', PROJECT_FILE));
    rmSync(join(root, 'home', PROJECT_FILE));
    write('project: shop', '.');
    expect(findProjectFile(deep, join(root, 'home'))).toBeUndefined();
  });

  test('only where it is a file', () => {
    mkdirSync(join(root, 'home/repo', PROJECT_FILE));
    expect(findProjectFile(deep, join(root, 'home'))).toBeUndefined();
  });
});

test('flag before variable before project file before user file, each with its source', async () => {
  const projectOf = async (variables: Record<string, string>, flags: object) => {
    const { project } = await settleSettings(envOf(variables), flags);
    return [project.value, project.source];
  };
  expect(await projectOf({ POSTERN_CONTEXT: 'bare' }, {})).toEqual(['default', 'default']);
  expect(await projectOf({}, {})).toEqual(['own', 'user-file']);
  write('project: shop');
  expect(await projectOf({}, {})).toEqual(['shop', 'project-file']);
  expect(await projectOf({ POSTERN_PROJECT: 'var' }, {})).toEqual(['var', 'variable']);
  expect(await projectOf({ POSTERN_PROJECT: 'var' }, { project: 'flag' })).toEqual(['flag', 'flag']);

  const contextOf = async (variables: Record<string, string>, flags: object) => {
    const { context, url } = await settleSettings(envOf(variables), flags);
    return [context?.value.name, context?.source, url?.value];
  };
  expect(await contextOf({}, {})).toEqual(['mine', 'user-file', 'https://mine.example.org']);
  write('context: vendor');
  expect(await contextOf({}, {})).toEqual(['vendor', 'project-file', 'https://vendor.example.org']);
  expect(await contextOf({ POSTERN_CONTEXT: 'bare' }, {})).toEqual([
    'bare',
    'variable',
    'https://bare.example.org',
  ]);
  expect(await contextOf({ POSTERN_CONTEXT: 'bare', POSTERN_URL: 'http://x' }, { context: 'mine' })).toEqual([
    'mine',
    'flag',
    'https://mine.example.org',
  ]);
  const flagged = await resolveSession(envOf({ POSTERN_TOKEN: 'other' }), { context: 'mine' });
  expect(flagged.token).toBe('mine-token');
});

describe('a cloned repository cannot send a token elsewhere', () => {
  test.each([
    ['url: https://evil.example.org', 'url'],
    ['token: t', 'token'],
    ['tokenFile: /etc/passwd', 'tokenFile'],
    ['contexts: [{name: mine, url: "https://evil.example.org"}]', 'contexts'],
    ['current: vendor', 'current'],
    ['context: mine\ncontext: vendor', 'context'],
    ['project: "Bad Name"', 'project'],
    ['!!js/function "x"', ''],
  ])('a file with %j is refused as a whole', async (text, place) => {
    write(text);
    const failure = await resolveSession(envOf(), {}).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      kind: 'validation_failed',
      report: expect.stringContaining(`${PROJECT_FILE}:`),
    });
    expect((failure as { report: string }).report).toContain(place);
  });

  test('a context it names gets its own token, never that of a variable or of standard input', async () => {
    write('context: vendor');
    expect(await resolveSession(envOf(), {})).toMatchObject({
      url: 'https://vendor.example.org',
      token: 'vendor-token',
    });
    const withVariable = resolveSession(envOf({ POSTERN_TOKEN: 'secret-of-mine' }), {});
    await expect(withVariable).rejects.toMatchObject({
      kind: 'unauthorized',
      message: expect.stringContaining('is not sent to https://vendor.example.org'),
    });
    const withInput = resolveSession(envOf(), { 'token-stdin': true });
    await expect(withInput).rejects.toMatchObject({ kind: 'unauthorized' });
    write('context: bare');
    await expect(resolveSession(envOf({ POSTERN_TOKEN: 'x' }), {})).rejects.toMatchObject({
      kind: 'unauthorized',
    });
  });

  test('where the caller names the context or the address too, or it is the current one, the variable counts', async () => {
    write('context: vendor');
    const variables = { POSTERN_TOKEN: 'meant' };
    const byVariable = await resolveSession(envOf({ ...variables, POSTERN_CONTEXT: 'vendor' }), {});
    const byUrl = await resolveSession(
      envOf({ ...variables, POSTERN_URL: 'https://vendor.example.org' }),
      {},
    );
    write('context: mine');
    const current = await resolveSession(envOf(variables), {});
    for (const session of [byVariable, byUrl, current]) expect(session.token).toBe('meant');
    expect(current.url).toBe('https://mine.example.org');
  });

  test('a context it names that the user has not is refused, not passed over', async () => {
    write('context: none');
    await expect(
      resolveSession(envOf({ POSTERN_URL: 'http://x', POSTERN_TOKEN: 't' }), {}),
    ).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(PROJECT_FILE),
    });
  });
});

test('an empty project file says nothing, one that cannot be read is a failure', async () => {
  write('# later\n');
  expect(await readProjectFile(join(root, 'home/repo', PROJECT_FILE))).toEqual({
    path: join(root, 'home/repo', PROJECT_FILE),
  });
  await expect(readProjectFile(join(root, 'home/repo/none'))).rejects.toMatchObject({ kind: 'failed' });
});
