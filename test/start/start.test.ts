import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  checkout,
  findFreePorts,
  type Ports,
  platformEnv,
  postern,
  type Running,
  run,
  startPostern,
  startProcess,
} from '../platform/platform.ts';

let directory: string;
let ports: Ports;
let env: Record<string, string>;
const started: Running[] = [];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-start-'));
  ports = await findFreePorts();
  env = platformEnv(directory, ports);
});

afterEach(async () => {
  for (const running of started.splice(0)) await running.stop('SIGKILL');
  rmSync(directory, { recursive: true, force: true });
});

async function up(args: readonly string[] = ['up', '--demo']): Promise<Running> {
  const running = await startPostern(args, env, /Postern is ready/);
  started.push(running);
  return running;
}

/** A process and all below it, by their parents in /proc. */
function descendantsOf(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return /^\d+ \(.*\) \S (\d+)/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1] === String(pid);
      } catch {
        return false;
      }
    })
    .map(Number);
  return [pid, ...children.flatMap(descendantsOf)];
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

async function isListening(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

async function waitUntil(condition: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<boolean> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; ) {
    if (await condition()) return true;
    await new Promise((done) => setTimeout(done, 50));
  }
  return false;
}

describe('npm start', () => {
  test('SIGTERM to npm ends every process it started and frees every port', async () => {
    const running = await startProcess('npm', ['start'], env, /Postern is ready/);
    started.push(running);
    const family = descendantsOf(running.process.pid ?? 0);
    expect(family.length).toBeGreaterThan(2);
    running.process.kill('SIGTERM');
    expect(await waitUntil(() => family.every((pid) => !isAlive(pid)))).toBe(true);
    for (const port of Object.values(ports)) expect(await isListening(port)).toBe(false);
  });

  test('says what to type next, and a command works at once with the context it wrote', async () => {
    const running = await up();
    expect(running.output()).toContain('postern route create');
    const { code, stdout } = await postern(['service', 'list'], env);
    expect(code).toBe(0);
    expect(stdout).toContain('echo');
  });
});

describe('postern up', () => {
  test('serves at the latest in thirty times the 2 s it should take', async () => {
    const began = performance.now();
    await up();
    expect(performance.now() - began).toBeLessThan(60_000);
  });

  test('a second start keeps all state, and --demo adds only what is missing', async () => {
    const first = await up();
    expect((await postern(['service', 'create', 'mine', '--target', 'http://127.0.0.1:9'], env)).code).toBe(
      0,
    );
    expect(
      (await postern(['route', 'create', 'kept', '--hostname', 'kept.localhost', '--path', '/=mine'], env))
        .code,
    ).toBe(0);
    expect((await postern(['service', 'update', 'echo', '--host-header', 'target'], env)).code).toBe(0);
    expect(await first.stop()).toBe(0);
    await up();
    expect((await postern(['route', 'list'], env)).stdout).toContain('kept.localhost');
    expect((await postern(['service', 'get', 'echo', '--json'], env)).stdout).toContain(
      '"hostHeader": "target"',
    );
  });

  test('without --demo there is no service', async () => {
    await up(['up']);
    const { code, stdout } = await postern(['service', 'list', '--json'], env);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([]);
  });

  test('its files are for its user alone', async () => {
    await up();
    expect(statSync(join(directory, 'data')).mode & 0o077).toBe(0);
    for (const name of ['master.key', 'admin-token', 'edge-token', 'postern.db']) {
      expect(statSync(join(directory, 'data', name)).mode & 0o077, name).toBe(0);
    }
    expect(statSync(join(directory, 'config.yaml')).mode & 0o077).toBe(0);
  });

  test('kill -9 leaves nothing that hinders the next start, and no worker behind', async () => {
    const running = await up();
    const family = descendantsOf(running.process.pid ?? 0);
    // Meant for `postern edge`; here it ends nothing, and says what to do instead.
    running.process.kill('SIGUSR2');
    expect(await waitUntil(() => running.output().includes('run its parts alone'))).toBe(true);
    expect(family.every(isAlive)).toBe(true);
    await running.stop('SIGKILL');
    expect(await waitUntil(() => family.every((pid) => !isAlive(pid)))).toBe(true);
    await up();
  });
});

describe('what hinders a start is said in one line, with exit 1:', () => {
  async function expectOneLine(
    args: readonly string[],
    extraEnv: Record<string, string>,
    words: readonly string[],
  ): Promise<void> {
    const { code, stdout, stderr } = await postern(args, { ...env, ...extraEnv });
    expect(code, stdout + stderr).toBe(1);
    const lines = stderr.split('\n').filter((line) => line !== '');
    expect(lines, stderr).toHaveLength(1);
    for (const word of words) expect(lines[0]).toContain(word);
  }

  test.each([
    ['API', 'api', 'POSTERN_API_LISTEN'],
    ['HTTPS', 'https', 'POSTERN_EDGE_HTTPS_LISTEN'],
    ['HTTP', 'http', 'POSTERN_EDGE_HTTP_LISTEN'],
    ['admin', 'admin', 'POSTERN_EDGE_ADMIN_LISTEN'],
    ['demo', 'demo', 'POSTERN_DEMO_LISTEN'],
  ] as const)('a used %s port', async (_name, key, variable) => {
    const occupant = createServer();
    await new Promise<void>((done) => occupant.listen(ports[key], '127.0.0.1', done));
    try {
      await expectOneLine(['up', '--demo'], {}, [String(ports[key]), variable, 'in use']);
    } finally {
      occupant.close();
    }
  });

  test('a used port, and the context of the CLI stays that of the Postern that runs', async () => {
    await up();
    const other = mkdtempSync(join(tmpdir(), 'postern-start-'));
    try {
      const { api } = await findFreePorts();
      await expectOneLine(
        ['up'],
        { POSTERN_DATA_DIR: join(other, 'data'), POSTERN_API_LISTEN: `127.0.0.1:${api}` },
        ['POSTERN_EDGE_HTTPS_LISTEN', 'in use'],
      );
      const { code, stderr } = await postern(['service', 'list'], env);
      expect(code, stderr).toBe(0);
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });

  test('a used data directory', async () => {
    await up();
    const other = platformEnv(directory, await findFreePorts());
    await expectOneLine(['up', '--demo'], other, [join(directory, 'data'), 'POSTERN_DATA_DIR']);
  });

  test('a data directory that cannot be written', async () => {
    const file = join(directory, 'file');
    writeFileSync(file, '');
    await expectOneLine(['up'], { POSTERN_DATA_DIR: join(file, 'data') }, [
      join(file, 'data'),
      'POSTERN_DATA_DIR',
    ]);
  });

  test.each([
    ['POSTERN_API_LISTEN', 'nonsense'],
    ['POSTERN_EDGE_HTTPS_LISTEN', '127.0.0.1:99999'],
    ['POSTERN_EDGE_WORKERS', 'many'],
    ['POSTERN_TLS_MIN_VERSION', '1.1'],
    ['POSTERN_EDGE_PROXY_PROTOCOL', '300.0.0.0/8'],
    ['POSTERN_DATABASE_URL', 'mysql://x'],
  ])('a wrong %s', async (variable, value) => {
    await expectOneLine(['up'], { [variable]: value }, [variable]);
  });

  test('a Node that is too old', async (context) => {
    const system = ['/usr/bin/node', '/usr/local/bin/node'].find((path) => existsSync(path));
    const version = system === undefined ? '' : execFileSync(system, ['--version']).toString().trim();
    if (system === undefined || !/^v(1\d|20|21)\./.test(version))
      return context.skip('no Node older than 22.18 on this machine');
    const { code, stderr } = await run(system, [join(checkout, 'apps/cli/bin/postern.js'), 'up'], { env });
    expect(code).toBe(1);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('22.18');
  });
});
