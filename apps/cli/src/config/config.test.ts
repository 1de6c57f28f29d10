import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCliEnv } from '../env.ts';
import { readConfigFile, writeConfigFile } from './config-file.ts';
import { writeLocalContext } from './local-context.ts';
import { resolveSession } from './resolve-session.ts';

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-config-'));
  file = join(directory, 'postern/config.yaml');
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const local = (name: string) => ({
  file,
  dataDirectory: `/data/${name}`,
  url: 'http://127.0.0.1:8700',
  tokenFile: join(directory, 'token'),
});
const remote = { name: 'prod', url: 'https://api.example.org', token: 'prod-token', project: 'shop' };

describe('writeLocalContext', () => {
  test('becomes current where nothing is, and the file is private', async () => {
    const written = await writeLocalContext(local('a'));
    expect(written).toMatchObject({ name: 'local', becameCurrent: true });
    expect(written.message).toContain('/data/a');
    expect(await readConfigFile(file)).toEqual({
      current: 'local',
      contexts: [
        {
          name: 'local',
          url: 'http://127.0.0.1:8700',
          tokenFile: join(directory, 'token'),
          dataDirectory: '/data/a',
        },
      ],
    });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(directory, 'postern'))).toEqual(['config.yaml', 'config.yaml.lock']);
  });

  test('of the same directory again says nothing', async () => {
    await writeLocalContext(local('a'));
    expect(await writeLocalContext(local('a'))).toEqual({ name: 'local', becameCurrent: false, message: '' });
  });

  test('of another directory takes the place of a current local, and says so', async () => {
    await writeLocalContext(local('a'));
    const written = await writeLocalContext(local('b'));
    expect(written.becameCurrent).toBe(true);
    expect(written.message).toContain('/data/b');
    expect(written.message).toContain('/data/a');
    expect((await readConfigFile(file)).contexts).toHaveLength(1);
  });

  test('leaves another current context current, and says how to reach it', async () => {
    await writeConfigFile(file, { current: 'prod', contexts: [remote as never] });
    const written = await writeLocalContext(local('a'));
    expect(written.becameCurrent).toBe(false);
    expect(written.message).toContain('--context local');
    const config = await readConfigFile(file);
    expect(config.current).toBe('prod');
    expect(config.contexts.map((context) => context.name)).toEqual(['prod', 'local']);
  });

  test('becomes current where the current one no longer exists', async () => {
    await writeConfigFile(file, { current: 'gone', contexts: [] });
    expect((await writeLocalContext(local('a'))).becameCurrent).toBe(true);
  });
});

test('a configuration that is a link stays one', async () => {
  const target = join(directory, 'dotfile');
  writeFileSync(target, '');
  const link = join(directory, 'link.yaml');
  symlinkSync(target, link);
  await writeLocalContext({ ...local('a'), file: link });
  expect(readFileSync(target, 'utf8')).toContain('name: local');
});

describe('resolveSession: flags before variables before the context', () => {
  const env = (more: Record<string, string> = {}) => readCliEnv({ POSTERN_CONFIG: file, ...more });

  beforeEach(async () => {
    writeFileSync(join(directory, 'token'), 'local-token\n');
    await writeLocalContext(local('a'));
    const config = await readConfigFile(file);
    await writeConfigFile(file, { ...config, contexts: [...config.contexts, remote as never] });
  });

  test('the current context', async () => {
    expect(await resolveSession(env(), {})).toEqual({
      url: 'http://127.0.0.1:8700',
      token: 'local-token',
      project: 'default',
      context: 'local',
    });
  });

  test('POSTERN_CONTEXT, overridden by --context', async () => {
    const session = await resolveSession(env({ POSTERN_CONTEXT: 'prod' }), {});
    expect(session).toMatchObject({ token: 'prod-token', project: 'shop' });
    const flag = await resolveSession(env({ POSTERN_CONTEXT: 'prod' }), { context: 'local' });
    expect(flag.context).toBe('local');
  });

  test('POSTERN_PROJECT, overridden by --project', async () => {
    expect((await resolveSession(env({ POSTERN_PROJECT: 'one' }), {})).project).toBe('one');
    expect((await resolveSession(env({ POSTERN_PROJECT: 'one' }), { project: 'two' })).project).toBe('two');
  });

  test('variables alone need no configuration', async () => {
    const variables = {
      POSTERN_CONFIG: join(directory, 'none'),
      POSTERN_URL: 'http://x',
      POSTERN_TOKEN: 't',
    };
    expect(await resolveSession(readCliEnv(variables), {})).toMatchObject({ url: 'http://x', token: 't' });
  });

  test('a missing or empty token file is an authorization failure', async () => {
    writeFileSync(join(directory, 'token'), '\n');
    await expect(resolveSession(env(), {})).rejects.toMatchObject({ kind: 'unauthorized' });
    rmSync(join(directory, 'token'));
    await expect(resolveSession(env(), {})).rejects.toMatchObject({ kind: 'unauthorized' });
  });
});

test('empty variables count as unset, and XDG_CONFIG_HOME is honoured', () => {
  const env = readCliEnv({ POSTERN_URL: '', XDG_CONFIG_HOME: '/xdg', VISUAL: '', EDITOR: 'nano' });
  expect(env).toMatchObject({ url: undefined, configFile: '/xdg/postern/config.yaml', editor: 'nano' });
});
