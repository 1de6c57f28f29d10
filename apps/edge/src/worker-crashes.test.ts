import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Log } from '@postern/contracts';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { readEdgeEnv } from './env.ts';
import { type EdgeOptions, startEdge } from './supervisor.ts';

const WAIT = { timeout: 30_000, interval: 10 };

let directory: string;
let log: (Record<string, unknown> & { at: number; msg: string })[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-crashes-'));
  log = [];
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function options(): EdgeOptions {
  const keep = (fields: object, msg: string) => void log.push({ ...fields, msg, at: performance.now() });
  const collecting: Log = { debug: keep, info: keep, warn: keep, error: keep };
  return {
    ...readEdgeEnv({
      POSTERN_DATA_DIR: directory,
      POSTERN_EDGE_HTTPS_LISTEN: '127.0.0.1:0',
      POSTERN_EDGE_HTTP_LISTEN: '127.0.0.1:0',
      POSTERN_EDGE_ADMIN_LISTEN: '127.0.0.1:0',
      POSTERN_EDGE_WORKERS: '2',
      POSTERN_ACCESS_LOG: 'off',
    }),
    log: collecting,
  };
}

test('a worker that keeps crashing is started again with growing waits, and the other one is left alone', async () => {
  const edge = await startEdge(options());
  try {
    const [bystander = 0] = edge.workerPids();
    let last = bystander;
    const waits: unknown[] = [];
    let failures = 0;
    // Four crashes do, unless the machine is so slow that a worker lived for the 10 s after which its end is a first one again.
    while (waits.at(-1) !== 800 && waits.length < 12) {
      const victim = edge.workerPids().find((pid) => pid !== bystander && pid !== last) ?? 0;
      expect(victim).toBeGreaterThan(0);
      last = victim;
      const killedAt = performance.now();
      process.kill(victim, 'SIGKILL');
      await vi.waitFor(() => {
        const next = edge.workerPids().find((pid) => pid !== bystander && pid !== victim);
        expect(next).toBeGreaterThan(0);
      }, WAIT);
      const ends = log.filter(({ msg }) => msg === 'a worker ended and is started again');
      expect(ends).toHaveLength(waits.length + 1);
      failures = Number(ends.at(-1)?.livedMs) < 10_000 ? failures + 1 : 0;
      const wantedMs = failures < 2 ? 0 : 100 * 2 ** (failures - 1);
      expect(ends.at(-1)).toMatchObject({ end: 'SIGKILL', waitMs: wantedMs });
      expect(performance.now() - killedAt).toBeGreaterThanOrEqual(wantedMs);
      waits.push(wantedMs);
    }
    expect(waits.slice(-3)).toEqual([200, 400, 800]);
    expect(edge.workerPids()).toContain(bystander);
  } finally {
    await edge.close();
  }
  // Nothing is started again once the edge has been stopped.
  const { length } = log;
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(edge.workerPids()).toEqual([]);
  expect(log).toHaveLength(length);
});

test('a worker that cannot even be started is tried again, and told when it is the first', async () => {
  const { execPath } = process;
  const edge = await startEdge(options());
  try {
    process.execPath = join(directory, 'no-node');
    for (const pid of edge.workerPids()) process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expect(log.filter(({ end }) => end === 'ENOENT').length).toBeGreaterThan(1), WAIT);
    process.execPath = execPath;
    await vi.waitFor(() => expect(edge.workerPids()).toHaveLength(2), WAIT);
  } finally {
    process.execPath = execPath;
    await edge.close();
  }
  process.execPath = join(directory, 'no-node');
  try {
    await expect(startEdge(options())).rejects.toThrow('an edge worker ended with ENOENT before it listened');
  } finally {
    process.execPath = execPath;
  }
});

test("an edge whose Node does not tell OpenSSL's verdict refuses to start", async () => {
  const patch = join(directory, 'patch.mjs');
  writeFileSync(
    patch,
    `import { Socket } from 'node:net';
    import { TLSSocket } from 'node:tls';
    const socket = new TLSSocket(new Socket());
    Object.getPrototypeOf(socket._handle).verifyError = () => undefined;
    socket.destroy();`,
  );
  vi.stubEnv('NODE_OPTIONS', `--import=${patch}`);
  try {
    await expect(startEdge(options())).rejects.toThrow(/the TLS self-test failed \(a bad certificate/);
  } finally {
    vi.unstubAllEnvs();
  }
  const edge = await startEdge(options());
  await edge.close();
});
