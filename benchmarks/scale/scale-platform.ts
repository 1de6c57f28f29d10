import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type PosternClient } from '@postern/client';
import {
  findFreePorts,
  type Ports,
  platformEnv,
  posternCommand,
  type Running,
  startPostern,
  startProcess,
} from '../../test/platform/platform.ts';
import { type ManyHosts, writeManyHosts } from '../../test/scale/many-hosts.ts';
import { pinned } from '../forwarding/load.ts';
import { workerPidsOf } from '../worker-processes.ts';

const START_TIMEOUT_MS = 600_000;

/** Many hosts in a database, an upstream for them, and the parts of a platform that start and stop one by one. */
export interface ScalePlatform extends AsyncDisposable {
  readonly ports: Ports;
  readonly hosts: ManyHosts;
  readonly client: PosternClient;
  /** Milliseconds until it answers. */
  startApi(): Promise<number>;
  stopApi(): Promise<void>;
  /** Milliseconds until it is ready. */
  startEdge(): Promise<number>;
  stopEdge(): Promise<void>;
  /** The process id of the API, where it runs. */
  apiPids(): number[];
  /** Process ids of the edge's workers. */
  workerPids(): number[];
}

/** `edgeCore` is where the edge alone is to run; null: anywhere. */
export async function createScalePlatform(
  count: number,
  edgeCore: string | null = null,
): Promise<ScalePlatform> {
  const directory = mkdtempSync(join(tmpdir(), 'postern-scale-'));
  const upstream = createServer((_, response) => response.end('ok'));
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const address = upstream.address();
  const upstreamPort = typeof address === 'object' && address !== null ? address.port : 0;
  const ports = await findFreePorts();
  const env = {
    ...platformEnv(directory, ports),
    POSTERN_EDGE_API_URL: `http://127.0.0.1:${ports.api}`,
    POSTERN_EDGE_WORKERS: '1',
  };
  const data = join(directory, 'data');
  const hosts = await writeManyHosts({
    ...{ directory: data, count, now: Date.now() },
    target: `http://127.0.0.1:${upstreamPort}`,
  });
  let api: Running | undefined;
  let edge: Running | undefined;
  const timed = async (start: () => Promise<void>): Promise<number> => {
    const began = performance.now();
    await start();
    return performance.now() - began;
  };
  return {
    ports,
    hosts,
    client: createClient({
      url: `http://127.0.0.1:${ports.api}`,
      token: readFileSync(join(data, 'admin-token'), 'utf8').trim(),
      timeoutMs: 60_000,
    }),
    startApi: () =>
      timed(async () => {
        api = await startPostern(['api'], env, /The API is ready/, START_TIMEOUT_MS);
      }),
    async stopApi() {
      await api?.stop();
      api = undefined;
    },
    startEdge: () =>
      timed(async () => {
        const [command = '', ...args] = pinned(edgeCore, ...posternCommand(['edge']));
        edge = await startProcess(command, args, env, /The edge is ready/, START_TIMEOUT_MS);
      }),
    async stopEdge() {
      await edge?.stop();
      edge = undefined;
    },
    apiPids: () => (api?.process.pid === undefined ? [] : [api.process.pid]),
    workerPids: () => workerPidsOf(edge?.process.pid ?? 0),
    async [Symbol.asyncDispose]() {
      await edge?.stop();
      await api?.stop();
      upstream.closeAllConnections();
      upstream.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Resident memory of a process, in MiB. */
export function residentMiB(pid: number): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib ?? 0) / 1024;
}
