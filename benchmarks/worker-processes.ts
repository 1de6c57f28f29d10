import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Process ids of the edge workers that a `postern up` or `postern edge` process runs now. Linux only: reads /proc. */
export function workerPidsOf(parentPid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const parent = /^\d+ \(.*\) \S (\d+)/s.exec(readProc(`/proc/${pid}/stat`))?.[1];
      return (
        parent === String(parentPid) && readProc(`/proc/${pid}/cmdline`).includes('/process/worker-main.ts')
      );
    });
}

/**
 * The worker that holds the server's end of a connection on 127.0.0.1, looked for up to one second, since the client can
 * be connected before the worker has accepted.
 */
export async function ownerOfConnection(
  pids: readonly number[],
  ports: { readonly client: number; readonly server: number },
): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const owner = pids.find((pid) => socketInodesOf(pid).has(inodeOf(ports)));
    if (owner !== undefined) return owner;
    await sleep(10);
  }
  throw new Error(`no worker holds the connection from port ${ports.client}`);
}

function inodeOf({ client, server }: { client: number; server: number }): string {
  const wanted = `${addressOf(server)} ${addressOf(client)}`;
  const row = readProc('/proc/net/tcp')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([, local, remote]) => `${local} ${remote}` === wanted);
  return row?.[9] ?? 'none';
}

/** 127.0.0.1:PORT as /proc/net/tcp writes it on little-endian machines. */
function addressOf(port: number): string {
  return `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
}

function socketInodesOf(pid: number): Set<string> {
  try {
    return new Set(
      readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
        } catch {
          return [];
        }
      }),
    );
  } catch {
    return new Set();
  }
}

/** Empty when the process has just ended. */
function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
