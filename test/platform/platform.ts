import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createClient, type PosternClient } from '@postern/client';
import { takeFreePorts } from './free-ports.ts';

export const checkout = resolve(import.meta.dirname, '../..');
const node = join(checkout, 'node_modules/.bin/node');
const entry = join(checkout, 'apps/cli/bin/postern.js');

export interface Ports {
  readonly api: number;
  readonly https: number;
  readonly http: number;
  readonly admin: number;
  readonly demo: number;
}

/** One port on 127.0.0.1 for each listener of a platform. */
export async function findFreePorts(): Promise<Ports> {
  const [api = 0, https = 0, http = 0, admin = 0, demo = 0] = await takeFreePorts(5);
  return { api, https, http, admin, demo };
}

/** Variables that put a whole platform into one folder and onto the given ports. */
export function platformEnv(directory: string, ports: Ports): Record<string, string> {
  return {
    POSTERN_DATA_DIR: join(directory, 'data'),
    POSTERN_CONFIG: join(directory, 'config.yaml'),
    POSTERN_API_LISTEN: `127.0.0.1:${ports.api}`,
    POSTERN_EDGE_HTTPS_LISTEN: `127.0.0.1:${ports.https}`,
    POSTERN_EDGE_HTTP_LISTEN: `127.0.0.1:${ports.http}`,
    POSTERN_EDGE_ADMIN_LISTEN: `127.0.0.1:${ports.admin}`,
    POSTERN_DEMO_LISTEN: `127.0.0.1:${ports.demo}`,
    POSTERN_ACCESS_LOG: 'off',
    POSTERN_CRL_ALLOW_PRIVATE: 'on',
  };
}

export interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A `postern` process that runs until it is stopped. */
export interface Running {
  readonly process: ChildProcess;
  output(): string;
  /** Sends a signal and waits for the end; gives the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a command in the background; `ready` resolves with the first output that matches the pattern. */
export async function startPostern(
  args: readonly string[],
  env: Record<string, string>,
  readyPattern: RegExp,
  timeoutMs = 180_000,
): Promise<Running> {
  const [command, words] = posternCommand(args);
  return startProcess(command, words, env, readyPattern, timeoutMs);
}

/** What starts a `postern` command. */
export function posternCommand(args: readonly string[]): [command: string, args: string[]] {
  return [node, [entry, ...args]];
}

export async function startProcess(
  command: string,
  args: readonly string[],
  env: Record<string, string>,
  readyPattern: RegExp,
  timeoutMs = 180_000,
): Promise<Running> {
  const child = spawn(command, args, {
    cwd: checkout,
    env: { ...baseEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A test that runs out of time must not leave its platform behind.
  const endWithTest = (): boolean => child.kill('SIGKILL');
  process.once('exit', endWithTest);
  child.once('exit', () => process.removeListener('exit', endWithTest));
  let output = '';
  await new Promise<void>((done, fail) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(new Error(`not ready after ${timeoutMs} ms:\n${output}`));
    }, timeoutMs);
    let isReady = false;
    const read = (chunk: Buffer): void => {
      output += chunk.toString();
      // Not again: each look copies all that was said so far, tens of megabytes where requests are logged.
      if (isReady || !readyPattern.test(output)) return;
      isReady = true;
      clearTimeout(timer);
      done();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(new Error(`ended with ${code} before it was ready:\n${output}`));
    });
  });
  return {
    process: child,
    output: () => output,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill(signal);
      await once(child, 'exit');
      return child.exitCode;
    },
  };
}

/** Runs a command to its end. */
export async function run(
  command: string,
  args: readonly string[],
  options: { env?: Record<string, string>; cwd?: string; input?: string; timeoutMs?: number } = {},
): Promise<Output> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? checkout,
    env: { ...baseEnv(), ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: options.timeoutMs ?? 120_000,
  });
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** Runs a `postern` command to its end. */
export async function postern(
  args: readonly string[],
  env: Record<string, string>,
  cwd = checkout,
): Promise<Output> {
  return run(node, [entry, ...args], { env, cwd });
}

/** The test process's own environment without anything that would steer Postern, with the checkout's programs first. */
function baseEnv(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    (pair): pair is [string, string] =>
      pair[1] !== undefined &&
      !pair[0].startsWith('POSTERN_') &&
      !pair[0].startsWith('npm_') &&
      pair[0] !== 'NODE_OPTIONS',
  );
  return {
    ...Object.fromEntries(kept),
    PATH: `${join(checkout, 'node_modules/.bin')}:${process.env.PATH ?? ''}`,
  };
}

export interface Platform extends AsyncDisposable {
  readonly directory: string;
  readonly ports: Ports;
  readonly env: Record<string, string>;
  readonly running: Running;
  /** The SDK, with the token of the administrator: what costs no process for each write. */
  readonly client: PosternClient;
  postern(args: readonly string[], cwd?: string): Promise<Output>;
}

/** A whole platform (`postern up --demo`) in a folder of its own; disposing stops it and removes the folder. */
export async function startPlatform(
  extraEnv: (ports: Ports) => Record<string, string> = () => ({}),
): Promise<Platform> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-platform-'));
  const ports = await findFreePorts();
  const env = { ...platformEnv(directory, ports), ...extraEnv(ports) };
  const running = await startPostern(['up', '--demo'], env, /Postern is ready/);
  return {
    directory,
    ports,
    env,
    running,
    client: createClient({
      url: `http://127.0.0.1:${ports.api}`,
      token: readFileSync(join(directory, 'data/admin-token'), 'utf8').trim(),
      timeoutMs: 120_000,
    }),
    postern: (args, cwd) => postern(args, env, cwd),
    async [Symbol.asyncDispose]() {
      await running.stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
