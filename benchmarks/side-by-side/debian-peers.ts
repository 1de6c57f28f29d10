import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pinned } from '../forwarding/load.ts';
import type { MeasuredProxy } from '../forwarding/proxies.ts';
import { debianEnv } from './env.ts';
import { caddyConfig, haproxyConfig, nginxConfig, type PeerSettings } from './peer-configs.ts';

export const DEBIAN_PEERS = ['nginx', 'haproxy', 'caddy'] as const;
export type DebianPeer = (typeof DEBIAN_PEERS)[number];

const READY_TIMEOUT_MS = 30_000;

const CONFIGS: Record<
  DebianPeer,
  { config: (settings: PeerSettings) => string; args: (file: string) => string[] }
> = {
  nginx: { config: nginxConfig, args: (file) => ['-e', '/dev/null', '-c', file] },
  haproxy: { config: haproxyConfig, args: (file) => ['-db', '-f', file] },
  caddy: { config: caddyConfig, args: (file) => ['run', '--config', file] },
};
const ALONE = ['-g', 'master_process off;'];
const VERSION_ARGUMENT: Record<DebianPeer, string> = { nginx: '-v', haproxy: '-v', caddy: 'version' };

/** Version of an installed proxy; null where it is not installed. Debian keeps some where only root's PATH looks. */
export function versionOf(peer: DebianPeer): string | null {
  const { error, stdout, stderr } = spawnSync(peer, [VERSION_ARGUMENT[peer]], {
    encoding: 'utf8',
    env: debianEnv(tmpdir()),
  });
  return error === undefined ? (/\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'unknown') : null;
}

/** Starts one of them on `core` alone, `words` before its command, and waits until it accepts; it is stopped with the stack. */
export async function startDebianPeer(
  stack: AsyncDisposableStack,
  peer: DebianPeer,
  settings: PeerSettings,
  core: string | null,
  words: readonly string[],
): Promise<MeasuredProxy> {
  const { config, args } = CONFIGS[peer];
  const file = join(settings.directory, `${peer}-${settings.port}.conf`);
  writeFileSync(file, config(settings));
  // Without a master process there is none but the one that forwards, and it runs by the words.
  const alone = peer === 'nginx' && words.length > 0;
  const [program = peer, ...rest] = [...words, peer, ...(alone ? ALONE : []), ...args(file)];
  const command = pinned(core, program, rest);
  const child = spawnQuietly(stack, command, settings.directory, settings.logFile);
  await untilAccepting(child, settings.port, peer);
  const pid = child.pid ?? 0;
  return { name: peer, port: settings.port, pid: peer === 'nginx' && !alone ? await untilWorker(pid) : pid };
}

/** Spawns a program that says nothing when it is ready; what it writes goes to files of the directory. */
export function spawnQuietly(
  stack: AsyncDisposableStack,
  [command = '', ...args]: readonly string[],
  directory: string,
  logFile: string | null = null,
): ChildProcess {
  const errors = openSync(join(directory, `${args.at(-1)?.split('/').at(-1)}.stderr`), 'a');
  const output = logFile === null ? 'ignore' : openSync(logFile, 'a');
  const child = spawn(command, args, {
    env: debianEnv(directory),
    stdio: ['ignore', output, errors],
  });
  const endWithThis = (): boolean => child.kill('SIGTERM');
  process.once('exit', endWithThis);
  stack.defer(async () => {
    process.removeListener('exit', endWithThis);
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await once(child, 'exit');
    clearTimeout(patience);
  });
  return child;
}

/** Waits until something accepts connections on 127.0.0.1:PORT; fails when the process ends before. */
async function untilAccepting(child: ChildProcess, port: number, name: string): Promise<void> {
  const endAt = performance.now() + READY_TIMEOUT_MS;
  while (performance.now() < endAt) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const open = await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true));
      socket.once('error', () => resolve(false));
    });
    socket.destroy();
    if (open) return;
    await sleep(50);
  }
  throw new Error(`${name} does not accept connections after ${READY_TIMEOUT_MS / 1000} s`);
}

/** A master process listens before it has its worker. */
async function untilWorker(master: number): Promise<number> {
  const endAt = performance.now() + READY_TIMEOUT_MS;
  while (childrenOf(master).length === 0 && performance.now() < endAt) await sleep(50);
  return workerOf(master);
}

/** The child of a master process of nginx or HAProxy: it has one. */
export function workerOf(master: number): number {
  const worker = childrenOf(master).at(-1);
  if (worker === undefined) throw new Error('the proxy has no worker');
  return worker;
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .flatMap((child) => (child === '' ? [] : [Number(child)]));
}
