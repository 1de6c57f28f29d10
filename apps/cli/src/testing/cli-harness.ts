import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataDirectory, startApi } from '@postern/api';
import { createClient, type PosternClient } from '@postern/client';
import type { Hostname } from '@postern/contracts';
import { createLog } from '@postern/runtime';
import { writeLocalContext } from '../config/local-context.ts';
import { HostedCalls } from './hosted-calls.ts';

const bin = fileURLToPath(new URL('../../bin/postern.js', import.meta.url));
/** Nothing of this process's environment reaches the program; what it compiles is kept for the next start of it. */
const BASE_ENV = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
};

export interface CliResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  /** Where it is called; this process's directory unless given. */
  readonly directory?: string;
}

/** A real API on a free port, and the program as a person runs it against it, with a configuration of its own. */
export interface CliHarness extends AsyncDisposable {
  readonly url: string;
  readonly directory: string;
  readonly configFile: string;
  readonly edgeToken: string;
  readonly adminToken: string;
  readonly client: PosternClient;
  /** What the API keeps, for what a certificate worker would write. */
  readonly store: Awaited<ReturnType<typeof openDataDirectory>>['store'];
  /** Runs `postern ARGS` in a process that has the program loaded already; with `input` in one of its own. */
  postern(args: readonly string[], options?: RunOptions): Promise<CliResult>;
  /** Runs `postern ARGS` in a process of its own; standard input is empty unless given. */
  process(args: readonly string[], options?: RunOptions): Promise<CliResult>;
  /** The program as words of a shell. */
  readonly program: string;
  /** Starts another command with the program's environment. */
  start(command: string, args: readonly string[]): ChildProcessWithoutNullStreams;
  /** Writes a file and gives its path. */
  file(name: string, content: string | Buffer): string;
}

/** Starts one; dispose of it in the end. */
export async function startCliHarness(
  hostnames: Pick<Parameters<typeof startApi>[0], 'hostnameVerification' | 'publicEdge'> = {},
): Promise<CliHarness> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-cli-'));
  const now = () => Date.now();
  const data = await openDataDirectory({
    path: join(directory, 'data'),
    databaseUrl: `sqlite:${join(directory, 'data/postern.db')}`,
    now,
  });
  const api = await startApi({
    listen: [{ host: '127.0.0.1', port: 0 }],
    store: data.store,
    masterKey: data.masterKey,
    log: createLog('api', { file: join(directory, 'log') }),
    now,
    hostnameDomain: 'localhost' as Hostname,
    ...hostnames,
    publicHttpsPort: 8443,
    version: '0.0.0-test',
  });
  const configFile = join(directory, 'config/config.yaml');
  await writeLocalContext({
    file: configFile,
    dataDirectory: join(directory, 'data'),
    url: api.url,
    tokenFile: data.adminTokenFile,
  });
  const adminToken = readFileSync(data.adminTokenFile, 'utf8').trim();
  const hosted = new HostedCalls();
  const programEnv = { POSTERN_CONFIG: configFile, TMPDIR: directory };
  const runInProcess: CliHarness['process'] = (args, options = {}) =>
    runPostern(args, { ...options, env: { ...programEnv, ...options.env } });
  return {
    url: api.url,
    directory,
    configFile,
    store: data.store,
    adminToken,
    edgeToken: readFileSync(data.edgeTokenFile, 'utf8').trim(),
    client: createClient({ url: api.url, token: adminToken, timeoutMs: 120_000 }),
    async postern(args, options = {}) {
      if (options.input !== undefined) return runInProcess(args, options);
      const env = { ...BASE_ENV, ...programEnv, ...options.env };
      const result = await hosted.run({ args, env, directory: options.directory ?? process.cwd() });
      return { ...result, signal: null };
    },
    process: runInProcess,
    program: `'${process.execPath}' '${bin}'`,
    start: (command, args) => startCommand(command, args, { env: programEnv }),
    file(name, content) {
      const path = join(directory, name);
      writeFileSync(path, content);
      return path;
    },
    async [Symbol.asyncDispose]() {
      hosted[Symbol.dispose]();
      await api.close();
      await data.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Runs the program with nothing of this process's environment. */
export function runPostern(args: readonly string[], options: RunOptions): Promise<CliResult> {
  const child = startCommand(process.execPath, [bin, ...args], options);
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.input ?? '');
  return endOf(child);
}

function startCommand(
  command: string,
  args: readonly string[],
  { env, directory }: RunOptions,
): ChildProcessWithoutNullStreams {
  return spawn(command, args, { cwd: directory, env: { ...BASE_ENV, ...env } });
}

/** Waits for the end of a command and gives everything it wrote. */
export async function endOf(child: ChildProcessWithoutNullStreams): Promise<CliResult> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
    (resolve, reject) => {
      child.on('error', reject);
      child.on('close', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
    },
  );
  return {
    code,
    signal,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  };
}
