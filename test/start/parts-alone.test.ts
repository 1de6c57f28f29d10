import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  findFreePorts,
  type Ports,
  platformEnv,
  postern,
  type Running,
  run,
  startPostern,
} from '../platform/platform.ts';

let directory: string;
let ports: Ports;
let env: Record<string, string>;
const parts = new Map<string, Running>();

async function startPart(name: string): Promise<void> {
  parts.set(name, await startPostern([name], env, /is ready/));
}

async function curl(): Promise<string> {
  const url = `https://alone.localhost:${ports.https}/`;
  const { stdout } = await run('curl', [
    '-s',
    '--cacert',
    join(directory, 'ca.crt'),
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    url,
  ]);
  return stdout;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-parts-'));
  ports = await findFreePorts();
  env = {
    ...platformEnv(directory, ports),
    POSTERN_EDGE_API_URL: `http://127.0.0.1:${ports.api}`,
    POSTERN_EDGE_TOKEN_FILE: join(directory, 'data/edge-token'),
    POSTERN_URL: `http://127.0.0.1:${ports.api}`,
  };
  for (const name of ['api', 'certificates', 'edge', 'demo']) await startPart(name);
  const target = `http://127.0.0.1:${ports.demo}`;
  for (const args of [
    ['service', 'create', 'echo', '--target', target],
    ['route', 'create', 'alone', '--hostname', 'alone.localhost', '--path', '/=echo'],
  ]) {
    const { code, stderr } = await postern(args, env);
    expect(code, stderr).toBe(0);
  }
  writeFileSync(join(directory, 'ca.crt'), (await postern(['ca'], env)).stdout);
});

afterAll(async () => {
  for (const running of parts.values()) await running.stop();
  rmSync(directory, { recursive: true, force: true });
});

test('API, certificate worker, edge and demo serve together as four processes', async () => {
  expect(await curl()).toBe('200');
});

test('the edge keeps serving, and restarts and serves, with the API and the certificate worker stopped', async () => {
  await parts.get('api')?.stop();
  await parts.get('certificates')?.stop();
  expect(await curl()).toBe('200');
  await parts.get('edge')?.stop();
  await startPart('edge');
  expect(await curl()).toBe('200');
});

test('changes reach the edge again once the API is back', async () => {
  await startPart('api');
  await startPart('certificates');
  const { code, stderr } = await postern(
    ['route', 'update', 'alone', '--path', '/only=echo', '--remove-path', '/'],
    env,
  );
  expect(code, stderr).toBe(0);
  // It may come back to the API only after the command has ceased to wait for it.
  await vi.waitFor(async () => expect(await curl()).toBe('404'), { timeout: 60_000, interval: 100 });
});

test('an edge that has no copy of the hosts yet and finds no API still stops at the first signal', async () => {
  const other = mkdtempSync(join(tmpdir(), 'postern-parts-'));
  try {
    const free = await findFreePorts();
    const edge = await startPostern(
      ['edge'],
      { ...platformEnv(other, free), POSTERN_EDGE_API_URL: `http://127.0.0.1:${free.api}` },
      /no token yet|is not followed/,
    );
    expect(await edge.stop('SIGTERM')).toBe(0);
  } finally {
    rmSync(other, { recursive: true, force: true });
  }
});
