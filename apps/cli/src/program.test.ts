import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CliHarness, endOf, startCliHarness } from './testing/cli-harness.ts';

let cli: CliHarness;

beforeAll(async () => {
  cli = await startCliHarness();
});

afterAll(async () => {
  await cli?.[Symbol.asyncDispose]();
});

describe('exit status', () => {
  test('0: data on standard output, nothing on standard error', async () => {
    const { code, stdout, stderr } = await cli.process(['route', 'list', '--json']);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '[]\n', stderr: '' });
  });

  test.each([
    ['an unknown noun', ['rout', 'list'], 'did you mean "postern route"?'],
    ['an unknown verb', ['route', 'lst'], 'did you mean "postern route list"?'],
    ['verb before noun', ['create', 'route', 'x'], 'did you mean "postern route create"?'],
    ['a verb alone', ['edit', 'x'], 'one of postern route edit'],
    ['verb before plural', ['ls', 'routes'], 'did you mean "postern route list"?'],
    ['a plural with an unknown verb', ['routes', 'udpate'], 'did you mean "postern route update"?'],
    ['a noun alone', ['secrets'], 'create, delete, get, list'],
    ['an unknown flag', ['route', 'list', '--jsn'], 'did you mean --json?'],
    ['a missing name', ['route', 'get'], 'NAME'],
    ['a word too many', ['route', 'list', 'x'], '"x"'],
    ['a flag without its value', ['route', 'list', '--project'], '--project'],
    ['a flag before the command', ['--json', 'route', 'list'], 'before the command'],
    ['a duration that is none', ['route', 'list', '--timeout', '5 parsecs'], '--timeout'],
    [
      'a number that is none',
      ['service', 'update', 'x', '--max-body-bytes', '1k'],
      '--max-body-bytes: expected',
    ],
    ['a word that is none', ['secret', 'create', 'tlsca', 'x'], 'did you mean tls-ca?'],
    ['a missing flag', ['route', 'validate'], 'missing: --filename'],
    ['two missing words', ['route', 'rotate-ca'], 'missing: ACTION, NAME'],
    ['the beginning of --help', ['route', 'create', 'x', '--hel'], 'did you mean --help?'],
    ['the beginning of a flag', ['route', 'create', 'x', '--file', 'y'], 'did you mean --filename?'],
    ['a question without a terminal', ['route', 'delete', 'x'], 'to ask: Delete the route "x" of project'],
    ['a name that is none', ['route', 'get', 'X_1'], '"X_1" is not a name'],
    ['a name that is a path', ['secret', 'delete', '..', '--yes'], '".." is not a name'],
    ['a label that is none', ['service', 'update', 'x', '--label', 'Team=a'], '--label: a label key is like'],
    ['a project that is no name', ['route', 'list', '--project', 'A_B'], 'A_B'],
    ['an unknown context', ['route', 'list', '--context', 'locale'], 'did you mean "local"?'],
  ])('2: %s, with what to try', async (_title, args, words) => {
    const { code, stdout, stderr } = await cli.postern(args);
    expect(code, stderr).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(words);
  });

  test('2: no API is known', async () => {
    const { code, stderr } = await cli.postern(['route', 'list'], {
      env: { POSTERN_CONFIG: '/nonexistent/c' },
    });
    expect(code).toBe(2);
    expect(stderr).toContain('postern up');
  });

  test('2: an address with a password is refused and not repeated', async () => {
    const env = { POSTERN_URL: 'http://anna:secret@127.0.0.1:1', POSTERN_TOKEN: 'x' };
    const { code, stderr } = await cli.postern(['route', 'list'], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('POSTERN_URL');
    expect(stderr).not.toContain('secret');
  });

  test('1: output that cannot be written is one line, not a stack', async () => {
    const { code, stderr } = await endOf(cli.start('bash', ['-c', `${cli.program} route list > /dev/full`]));
    expect(code).toBe(1);
    expect(stderr).toBe('error: standard output cannot be written: ENOSPC: no space left on device, write\n');
  });

  test('3: a configuration that is not valid is shown with its place', async () => {
    const file = cli.file('broken.yaml', 'current: a\ncontexts:\n- name: a\n  urll: http://127.0.0.1\n');
    const { code, stderr } = await cli.postern(['route', 'list'], { env: { POSTERN_CONFIG: file } });
    expect(code).toBe(3);
    expect(stderr).toContain(`${file}:4:3: error: unknown key "urll"`);
  });

  test('4: a token that is not known, and one that may not do this', async () => {
    const unknown = await cli.postern(['route', 'list'], { env: { POSTERN_TOKEN: 'wrong' } });
    expect(unknown.code, unknown.stderr).toBe(4);
    const edge = await cli.postern(['route', 'list'], { env: { POSTERN_TOKEN: cli.edgeToken } });
    expect(edge.code, edge.stderr).toBe(4);
  });

  test("4: a context's token is never sent to another URL", async () => {
    let connections = 0;
    const server = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const { code, stderr } = await cli.postern(['route', 'list'], {
        env: { POSTERN_URL: `http://127.0.0.1:${port}` },
      });
      expect(code).toBe(4);
      expect(stderr).toContain('POSTERN_TOKEN');
      expect(connections).toBe(0);
    } finally {
      server.close();
    }
  });

  test('5: a project that does not exist', async () => {
    expect((await cli.postern(['route', 'list', '--project', 'other'])).code).toBe(5);
  });

  test('7: nobody listens there, or nobody answers in time', async () => {
    const env = { POSTERN_URL: 'http://127.0.0.1:1', POSTERN_TOKEN: 'x' };
    const refused = await cli.postern(['route', 'list'], { env });
    expect(refused.code).toBe(7);
    expect(refused.stderr).toContain('http://127.0.0.1:1');
    const silent = createServer(() => undefined);
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    try {
      const address = silent.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const late = await cli.postern(['route', 'list', '--timeout', '200ms'], {
        env: { ...env, POSTERN_URL: `http://127.0.0.1:${port}` },
      });
      expect(late.code).toBe(7);
    } finally {
      silent.close();
    }
  });

  test('stays with --json, and the failure is one JSON object on standard error', async () => {
    const { code, stdout, stderr } = await cli.postern(['route', 'get', 'nobody', '--json']);
    expect(code).toBe(5);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'not_found', exitCode: 5 } });
  });

  test.each<[number, string, string[], Record<string, string>]>([
    [1, 'failed', ['dev-cert', 'ca', 'x', '--out-dir', '/proc/nowhere'], {}],
    [2, 'usage', ['route', 'list', '--nonsense'], {}],
    [3, 'validation_failed', ['service', 'create', 'x', '--target', 'ftp://x'], {}],
    [4, 'unauthorized', ['route', 'list'], { POSTERN_TOKEN: 'wrong' }],
    [5, 'not_found', ['secret', 'get', 'nobody'], {}],
    [6, 'already_exists', ['service', 'create', 'taken', '--target', 'http://127.0.0.1:2', '--no-wait'], {}],
    [7, 'unreachable', ['route', 'list'], { POSTERN_URL: 'http://127.0.0.1:1', POSTERN_TOKEN: 'x' }],
  ])('%i (%s) is the same with -o json, where the failure says it too', async (status, code, args, env) => {
    const spec = { targets: ['http://127.0.0.1:1'] };
    if (status === 6) await cli.client.services.create('default', { name: 'taken', spec });
    const person = await cli.process(args, { env });
    const program = await cli.postern([...args, '-o', 'json'], { env });
    expect([person.code, program.code], person.stderr).toEqual([status, status]);
    expect(program.stdout).toBe('');
    const { error } = JSON.parse(program.stderr);
    expect(error).toMatchObject({ code, exitCode: status, docs: expect.stringMatching(/^docs\/\w+\.md#/) });
  });

  test('with --json says the same code for what is found here and by the API, and the hint', async () => {
    const here = cli.file(
      'here.yaml',
      'host: a.example.org\nroutes:\n- prefx: /\n  route: {service: echo}\n',
    );
    const there = cli.file(
      'there.yaml',
      'host: a.example.org\nroutes:\n- prefix: /\n  route: {service: no}\n',
    );
    for (const [path, line, column] of [
      [here, 3, 3],
      [there, 4, 20],
    ] as const) {
      const { code, stderr } = await cli.postern(['route', 'create', 'a', '-f', path, '--json']);
      expect(code).toBe(3);
      const { error } = JSON.parse(stderr);
      expect(error.code).toBe('validation_failed');
      expect(error.findings).toMatchObject([{ severity: 'error', line, column }]);
    }
    const env = { POSTERN_URL: 'http://127.0.0.1:1', POSTERN_TOKEN: 'x' };
    const unreachable = await cli.postern(['route', 'list', '--json'], { env });
    expect(JSON.parse(unreachable.stderr)).toMatchObject({
      error: { code: 'unreachable', exitCode: 7, hint: expect.stringContaining('postern up') },
    });
  });

  test('130 in a shell: Ctrl-C while it reads standard input, which nobody ends', async () => {
    const child = cli.start(process.execPath, [
      fileURLToPath(new URL('../bin/postern.js', import.meta.url)),
      ...['apply', '-f', '-'],
    ]);
    const ended = once(child, 'close');
    // More than a pipe holds: once it is gone, the command reads.
    await new Promise((written) => child.stdin.write('#'.repeat(200_000), written));
    child.kill('SIGINT');
    try {
      expect(await Promise.race([ended, sleep(60_000, 'still there')])).toEqual([null, 'SIGINT']);
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('130: Ctrl-C while it waits', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    try {
      const address = silent.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const connected = new Promise<void>((done) => silent.once('connection', () => done()));
      const bin = fileURLToPath(new URL('../bin/postern.js', import.meta.url));
      const child = spawn(process.execPath, [bin, 'route', 'list'], {
        env: {
          PATH: '/usr/bin:/bin',
          HOME: cli.directory,
          POSTERN_URL: `http://127.0.0.1:${port}`,
          POSTERN_TOKEN: 'x',
        },
        stdio: 'ignore',
      });
      await connected;
      const ended = new Promise<number | null>((done) => child.on('exit', (code) => done(code)));
      child.kill('SIGINT');
      expect(await ended).toBe(130);
    } finally {
      silent.close();
    }
  });
});

test('a reader that goes away is no failure and no noise', async () => {
  const bin = fileURLToPath(new URL('../bin/postern.js', import.meta.url));
  const { stderr, code } = await new Promise<{ stderr: string; code: number | null }>((done) => {
    const child = spawn('bash', [
      '-c',
      `set -o pipefail; "$0" "$1" route create --help | head -c 1 >/dev/null`,
      process.execPath,
      bin,
    ]);
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => {
      text += chunk.toString();
    });
    child.on('close', (status) => done({ stderr: text, code: status }));
  });
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
});

// What help says of each command: help/help.test.ts.
describe('help', () => {
  test.each([
    [['help', 'routes', 'create'], 'postern route create'],
    [['route', 'create', 'my-route', '--help'], 'postern route create'],
    [['secrets', '-h'], 'secret create'],
    [[], 'NOUNS'],
    [['help'], 'NOUNS'],
  ])('%j prints help and exits 0', async (args, words) => {
    const { code, stdout } = await cli.postern(args);
    expect(code).toBe(0);
    expect(stdout).toContain(words);
  });

  test('of an unknown command is a usage failure', async () => {
    expect((await cli.postern(['help', 'rout'])).code).toBe(2);
  });
});

test.each([['--version'], ['version']])('%s prints the version', async (word) => {
  const { code, stdout } = await cli.process([word]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^postern \d+\.\d+\.\d+\n$/);
});

/** Has a process tell on standard error what it loads. */
const TELL_LOADS = `--import data:text/javascript,${encodeURIComponent(
  "import{registerHooks}from'node:module';registerHooks({load(u,c,n){process.stderr.write(u+'\\n');return n(u,c)}})",
)}`;

test('a call that succeeds loads no schemas, and a call for the version next to nothing', async () => {
  const loaded = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await cli.process(args, { env: { NODE_OPTIONS: TELL_LOADS } });
    expect(code, stderr).toBe(0);
    return stderr;
  };
  const modules = await loaded('route', 'list');
  expect(modules).toContain('/commands/route/list.ts');
  expect(
    modules.match(/^.*(node_modules\/zod|contracts\/src\/index\.ts|@oclif\/core\/lib\/index\.js).*$/gm),
  ).toBeNull();
  expect((await loaded('--version')).match(/^file:/gm)?.length).toBeLessThan(8);
});

test('an edge comes as far as its settings without the library of commands and without schemas', async () => {
  const env = { NODE_OPTIONS: TELL_LOADS, POSTERN_EDGE_HTTPS_LISTEN: 'nowhere' };
  const { code, stderr } = await cli.process(['edge'], { env });
  expect(code).toBe(1);
  expect(stderr).toContain('POSTERN_EDGE_HTTPS_LISTEN');
  expect(stderr).toContain('/process/worker-pool.ts');
  expect(
    stderr.match(/^.*(node_modules\/(zod|@oclif|pino|@peculiar)\/|(contracts|pki)\/src\/index\.ts).*$/gm),
  ).toBeNull();
});
