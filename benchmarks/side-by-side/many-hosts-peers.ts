import type { ChildProcess } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePorts } from '../../test/platform/platform.ts';
import { pinned } from '../forwarding/load.ts';
import { residentMiB } from '../scale/scale-platform.ts';
import { askOnce } from './ask-once.ts';
import { type DebianPeer, spawnQuietly, workerOf } from './debian-peers.ts';
import { MANY_HOSTS_CONFIGS, type ManySettings } from './many-hosts-configs.ts';
import type { PeerHost, PeerHosts } from './many-hosts-fixture.ts';

const SERVED_TIMEOUT_MS = 300_000;

/** What a proxy with many hosts took. */
export interface ManyHostsFigures {
  /** Until the last of its hosts answers. */
  readonly startMs: number;
  /** From the order to add a host until it answers. */
  readonly addMs: number;
  /** Resident memory of the process that serves, in MiB, before a host was added. */
  readonly memoryMib: number;
}

const RUN: Record<DebianPeer, (file: string) => string[]> = {
  nginx: (file) => ['-e', '/dev/null', '-c', file],
  haproxy: (file) => ['-W', '-f', file],
  caddy: (file) => ['run', '--config', file],
};

/** Starts a proxy with all hosts but the last, asks `touched` of them once, then adds the last. */
export async function measurePeerWithManyHosts(
  peer: DebianPeer,
  { hosts, serverKey, clientFor }: PeerHosts,
  {
    directory,
    core,
    upstreamPort,
    touched,
  }: { directory: string; core: string | null; upstreamPort: number; touched: number },
): Promise<ManyHostsFigures> {
  await using stack = new AsyncDisposableStack();
  const { https: port, admin: adminPort } = await findFreePorts();
  const present = hosts.slice(0, -1);
  const settings: ManySettings = { directory, port, adminPort, upstreamPort, serverKey, hosts: present };
  const serves = async (host: PeerHost | undefined, child: ChildProcess): Promise<void> => {
    if (host === undefined) throw new Error('there are at least two hosts');
    const client = clientFor(host);
    const endAt = performance.now() + SERVED_TIMEOUT_MS;
    for (;;) {
      const outcome = await askOnce({ port, host: host.name, client });
      if (outcome === 200) return;
      if (child.exitCode !== null) throw new Error(`${peer} ended with ${child.exitCode}`);
      if (performance.now() > endAt) throw new Error(`${peer} does not serve ${host.name}: ${outcome}`);
      await sleep(20);
    }
  };
  const file = writeConfig(peer, settings);
  const beganAt = performance.now();
  const child = spawnQuietly(stack, pinned(core, peer, RUN[peer](file)), directory);
  await serves(present.at(-1), child);
  const startMs = performance.now() - beganAt;
  for (const host of present.slice(0, touched)) await serves(host, child);
  const memoryMib = residentMiB(servingPid(peer, child.pid ?? 0));
  const addedAt = performance.now();
  writeConfig(peer, { ...settings, hosts });
  await order(peer, child, file, adminPort);
  await serves(hosts.at(-1), child);
  return { startMs, addMs: performance.now() - addedAt, memoryMib };
}

/** Gives the main file. */
function writeConfig(peer: DebianPeer, settings: ManySettings): string {
  const files = MANY_HOSTS_CONFIGS[peer](settings).map(([name, content]) => {
    const file = join(settings.directory, name);
    writeFileSync(file, content);
    return file;
  });
  return files[0] ?? '';
}

/** Each by its own way to take up what has changed. */
async function order(peer: DebianPeer, child: ChildProcess, file: string, adminPort: number): Promise<void> {
  switch (peer) {
    case 'nginx':
      child.kill('SIGHUP');
      return;
    case 'haproxy':
      child.kill('SIGUSR2');
      return;
    case 'caddy': {
      const answer = await fetch(`http://127.0.0.1:${adminPort}/load`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: readFileSync(file),
      });
      if (!answer.ok) throw new Error(`caddy: ${await answer.text()}`);
    }
  }
}

/** nginx and HAProxy serve in a child of the process that was started. */
function servingPid(peer: DebianPeer, pid: number): number {
  return peer === 'caddy' ? pid : workerOf(pid);
}
