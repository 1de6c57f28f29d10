import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { createServer as createTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CompiledHealthCheck,
  type Log,
  type TargetReport,
  type TrustBundle,
  type Upstream,
  upstream as upstreamSchema,
} from '@postern/contracts';
import { parseCertificatesPem, trustBundleOf } from '@postern/pki';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { listenOn, type TestServer } from '../../http/testing/echo-upstream.ts';
import { upstreamTo } from '../../testing/edge-fixture.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../../testing/openssl-certificates.ts';
import { createAddressGuard, type OwnListener } from '../address-guard.ts';
import type { ClientCertificate } from '../pool.ts';
import { startGrpcHealthServer } from '../testing/grpc-health-server.ts';
import { createHealthChecker, type HealthChecker } from './health-checker.ts';
import { TargetStates } from './target-states.ts';

const WAIT = { timeout: 30_000, interval: 10 };
const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

const directory = mkdtempSync(join(tmpdir(), 'postern-health-'));
const bundles = new Map<string, TrustBundle>();
const clientCertificates = new Map<string, ClientCertificate>();
const ownListeners: OwnListener[] = [];
let server: CertificateFiles;
let authority: CertificateFiles;
const servers: TestServer[] = [];
const checkers: HealthChecker[] = [];

beforeAll(() => {
  const certificates = new OpensslCertificates(directory);
  authority = certificates.selfSigned('CA');
  server = certificates.signed(authority, 'localhost', ['subjectAltName=DNS:localhost']);
  const client = certificates.signed(authority, 'edge');
  clientCertificates.set('client', { chainPem: pemOf(client.cert), keyPem: pemOf(client.key) });
  for (const [id, files] of [
    ['right', authority],
    ['wrong', certificates.selfSigned('other CA')],
  ] as const) {
    const parsed = parseCertificatesPem(pemOf(files.cert), { pointer: '' });
    if (parsed.ok) bundles.set(id, trustBundleOf(parsed.certificates));
  }
});
afterEach(async () => {
  for (const checker of checkers.splice(0)) checker.close();
  ownListeners.length = 0;
  for (const one of servers.splice(0)) await one.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Watched {
  readonly checker: HealthChecker;
  readonly states: TargetStates;
  /** Every state that was told, in order. */
  readonly told: TargetReport[];
}

function startChecker(known = new TargetStates()): Watched {
  const told: TargetReport[] = [];
  const checker = createHealthChecker({
    guard: createAddressGuard({ ownListeners: () => ownListeners }),
    getTrustBundle: (id) => bundles.get(id),
    getCertificate: (id) => clientCertificates.get(id),
    known,
    onChanged(changed) {
      told.push(...changed);
      known.apply(changed);
    },
    log: silent,
    now: Date.now,
    random: Math.random,
  });
  checkers.push(checker);
  return { checker, states: known, told };
}

function checkBy(
  way: CompiledHealthCheck['way'],
  change: Partial<CompiledHealthCheck> = {},
): { healthCheck: CompiledHealthCheck } {
  const times = { intervalMs: 40, timeoutMs: 5_000, healthyAfter: 2, unhealthyAfter: 3 };
  return { healthCheck: { way, ...times, ...change } };
}
const http = (path = '/', change: Partial<CompiledHealthCheck> = {}) =>
  checkBy({ kind: 'http', path, statuses: null, host: null }, change);

async function serve(listener: RequestListener): Promise<number> {
  const started = await listenOn(createServer(listener));
  servers.push(started);
  return started.port;
}

/** The states that were told, without repeats; a target may be found healthy before "unknown" is told. */
function statesOf(told: readonly TargetReport[]): string[] {
  const states = told.map(({ state }) => state).filter((state) => state !== 'unknown');
  return states.filter((state, index) => state !== states[index - 1]);
}

/** The only target's report, once its first check has ended. */
async function firstResult(service: Upstream): Promise<TargetReport | undefined> {
  const { checker, states } = startChecker();
  checker.setHost('a.example', [['p/s', upstreamSchema.parse(service)]]);
  await vi.waitFor(() => expect(states.list()[0]?.state).toMatch(/^(un)?healthy$/), WAIT);
  return states.list()[0];
}

test('an HTTP target is healthy while it answers 2xx, and told once per change', async () => {
  let status = 204;
  const hosts: unknown[] = [];
  const port = await serve((request, response) => {
    hosts.push([request.url, request.headers.host, request.headers['user-agent']]);
    response.writeHead(status).end();
  });
  const { checker, told } = startChecker();
  checker.setHost('a.example', [['p/s', { ...upstreamTo('http', port), ...http('/healthz?a=b') }]]);
  await vi.waitFor(() => expect(hosts.length).toBeGreaterThan(5), WAIT);
  expect(hosts[0]).toEqual(['/healthz?a=b', `127.0.0.1:${port}`, 'postern-health-check']);
  expect(statesOf(told)).toEqual(['healthy']);
  status = 503;
  await vi.waitFor(() => expect(told.at(-1)?.state).toBe('unhealthy'), WAIT);
  expect(told.at(-1)).toMatchObject({
    service: 'p/s',
    target: `http://127.0.0.1:${port}`,
    lastError: { code: 'check_failed', message: 'answered 503, expected 2xx' },
  });
  status = 200;
  await vi.waitFor(() => expect(told.at(-1)).toMatchObject({ state: 'healthy', lastError: null }), WAIT);
});

test('statuses and host are those of the check; a redirect is an answer, not followed', async () => {
  const port = await serve((request, response) => {
    response.writeHead(request.headers.host === 'x.example' ? 302 : 200, { location: '/elsewhere' }).end();
  });
  const check = (statuses: number[] | null, host: string | null) =>
    firstResult({
      ...upstreamTo('http', port),
      ...checkBy({ kind: 'http', path: '/', statuses, host }),
    });
  expect(await check([302], 'x.example')).toMatchObject({ state: 'healthy' });
  expect(await check([301, 308], 'x.example')).toMatchObject({
    lastError: { message: 'answered 302, expected 301 or 308' },
  });
});

test('single failures of a flapping target change nothing; three in a row do, and two successes change it back', async () => {
  const answers = [200, 503, 503, 200, 503, 200, 503, 503, 503, 200, 503, 200, 200];
  let asked = 0;
  const port = await serve((_request, response) => {
    response.writeHead(answers[asked] ?? 200).end();
    asked += 1;
  });
  const { checker, told } = startChecker();
  checker.setHost('a.example', [['p/s', { ...upstreamTo('http', port), ...http('/', { intervalMs: 120 }) }]]);
  await vi.waitFor(() => expect(asked).toBeGreaterThan(answers.length), WAIT);
  checker.flush();
  expect(statesOf(told)).toEqual(['healthy', 'unhealthy', 'healthy']);
});

test('a target that takes connections and says nothing fails when the time is over', async () => {
  const hanging = await listenOn(createTcp(() => {}));
  servers.push(hanging);
  const quick = { timeoutMs: 60 };
  const way = { kind: 'grpc', service: '' } as const;
  for (const service of [
    { ...upstreamTo('http', hanging.port), ...http('/', quick) },
    { ...upstreamTo('h2c', hanging.port), ...checkBy(way, quick) },
    { ...upstreamTo('https', hanging.port), ...checkBy({ kind: 'tcp' }, quick) },
  ]) {
    expect(await firstResult(service)).toMatchObject({
      state: 'unhealthy',
      lastError: { code: 'upstream_timeout', message: expect.stringContaining('within 60 ms') },
    });
  }
});

test('a gRPC target is healthy while its health service says SERVING of the service asked about', async () => {
  const grpc = await startGrpcHealthServer();
  servers.push(grpc);
  grpc.serving.set('shop.Cart', 2).set('shop.Pay', 1).set('shop.New', 0);
  const ask = (service: string, protocol: 'h2c' | 'http' = 'h2c') =>
    firstResult({ ...upstreamTo(protocol, grpc.port), ...checkBy({ kind: 'grpc', service }) });
  expect(await ask('')).toMatchObject({ state: 'healthy', lastError: null });
  expect(await ask('shop.Pay')).toMatchObject({ state: 'healthy' });
  expect(await ask('shop.Cart')).toMatchObject({ lastError: { message: 'says NOT_SERVING' } });
  expect(await ask('shop.New')).toMatchObject({ lastError: { message: 'says UNKNOWN' } });
  expect((await ask('a.B'))?.lastError?.message).toContain('NOT_FOUND');
});

test('what is no gRPC server is not healthy by gRPC', async () => {
  const port = await serve((_request, response) => response.end('hello'));
  const check = checkBy({ kind: 'grpc', service: '' });
  expect(await firstResult({ ...upstreamTo('h2c', port), ...check })).toMatchObject({ state: 'unhealthy' });
});

test('a TCP target is healthy while it accepts; nothing is sent to it', async () => {
  let bytes = 0;
  const tcp = await listenOn(
    createTcp((socket) => {
      socket.on('data', ({ length }) => {
        bytes += length;
      });
    }),
  );
  const service = { ...upstreamTo('http', tcp.port), ...checkBy({ kind: 'tcp' }) };
  const { checker, states } = startChecker();
  checker.setHost('a.example', [['p/s', service]]);
  await vi.waitFor(() => expect(states.list()).toMatchObject([{ state: 'healthy' }]), WAIT);
  await tcp.close();
  await vi.waitFor(() => expect(states.list()).toMatchObject([{ state: 'unhealthy' }]), WAIT);
  expect(states.list()[0]?.lastError).toMatchObject({
    code: 'upstream_refused',
    message: 'no connection could be made (ECONNREFUSED)',
  });
  expect(bytes).toBe(0);
});

test('a check trusts and shows what requests do: CA, client certificate, name', async () => {
  const options = { cert: readFileSync(server.cert), key: readFileSync(server.key) };
  const demand = { requestCert: true, rejectUnauthorized: true, ca: readFileSync(authority.cert) };
  const demanding = await listenOn(
    createHttps({ ...options, ...demand }, (_request, response) => response.end()),
  );
  servers.push(demanding);
  const at = (host: string, change: Partial<Upstream>, check = http()) =>
    firstResult({
      ...upstreamTo('https', demanding.port),
      targets: [{ protocol: 'https', host, port: demanding.port }],
      trustBundle: 'right',
      clientCertificate: 'client',
      ...check,
      ...change,
    });
  expect(await at('localhost', {})).toMatchObject({ state: 'healthy' });
  expect(await at('localhost', {}, checkBy({ kind: 'tcp' }))).toMatchObject({ state: 'healthy' });
  for (const check of [http(), checkBy({ kind: 'tcp' })]) {
    expect((await at('localhost', { trustBundle: 'wrong' }, check))?.lastError).toMatchObject({
      code: 'upstream_tls_failed',
      message: expect.stringMatching(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY/),
    });
    expect((await at('127.0.0.1', {}, check))?.lastError?.code).toBe('upstream_tls_failed');
    expect((await at('localhost', { trustBundle: 'none' }, check))?.lastError?.message).toContain('the CA');
  }
  expect(await at('localhost', { clientCertificate: null })).toMatchObject({ state: 'unhealthy' });
});

test('an address that requests may not go to is not connected to by checks either', async () => {
  let connections = 0;
  const own = await listenOn(
    createTcp(() => {
      connections += 1;
    }),
  );
  servers.push(own);
  ownListeners.push({ address: '127.0.0.1', port: own.port });
  for (const check of [http(), checkBy({ kind: 'tcp' }), checkBy({ kind: 'grpc', service: '' })]) {
    for (const host of ['127.0.0.1', 'localhost']) {
      const protocol = check.healthCheck.way.kind === 'grpc' ? 'h2c' : 'http';
      const targets = [{ protocol, host, port: own.port } as const];
      expect(await firstResult({ ...upstreamTo('http', 1), targets, ...check })).toMatchObject({
        state: 'unhealthy',
        lastError: { code: 'upstream_forbidden', message: expect.stringContaining('listener of Postern') },
      });
    }
  }
  expect(connections).toBe(0);
});

test('a target is checked once however many hosts use it, and no longer than the last of them does', async () => {
  let asked = 0;
  const port = await serve((_request, response) => {
    asked += 1;
    response.end();
  });
  const service: Upstream = { ...upstreamTo('http', port), ...http('/', { intervalMs: 200 }) };
  const { checker, states, told } = startChecker();
  for (let n = 0; n < 20; n += 1) checker.setHost(`h${n}.example`, [['p/s', structuredClone(service)]]);
  await vi.waitFor(() => expect(states.list()).toMatchObject([{ state: 'healthy' }]), WAIT);
  expect(asked).toBeLessThan(4);
  for (let n = 0; n < 19; n += 1) checker.setHost(`h${n}.example`, []);
  checker.setHost('h19.example', [['p/s', structuredClone(service)]]);
  const before = asked;
  await vi.waitFor(() => expect(asked).toBeGreaterThan(before), WAIT);
  checker.setHost('h19.example', [['p/s', upstreamTo('http', port)]]);
  checker.flush();
  expect(told.at(-1)?.state).toBe('gone');
  expect(states.list()).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  const after = asked;
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(asked).toBe(after);
});

test('a check that is still under way when its target goes says nothing any more', async () => {
  let answer = () => {};
  const port = await serve((_request, response) => {
    answer = () => void response.writeHead(500).end();
  });
  const { checker, told } = startChecker();
  checker.setHost('a.example', [['p/s', { ...upstreamTo('http', port), ...http() }]]);
  await vi.waitFor(() => expect(String(answer)).toContain('500'), WAIT);
  checker.setHost('a.example', []);
  answer();
  await new Promise((resolve) => setTimeout(resolve, 200));
  // On a busy machine it was told as unknown before it went.
  expect(told.map(({ state }) => state).filter((state) => state !== 'unknown')).toEqual(['gone']);
});

test('a checker goes on from what an earlier one found, and ends what nobody uses any more', async () => {
  const port = await serve((_request, response) => response.end());
  const service: Upstream = { ...upstreamTo('http', port), ...http('/', { intervalMs: 60_000 }) };
  const first = startChecker();
  first.checker.setHost('a.example', [['p/s', service]]);
  first.checker.setHost('b.example', [['p/other', service]]);
  await vi.waitFor(() => {
    expect(first.states.list().map(({ state }) => state)).toEqual(['healthy', 'healthy']);
  }, WAIT);
  first.checker.close();
  // A worker that drains still hears of changes.
  first.checker.setHost('c.example', [['p/late', service]]);
  first.checker.flush();
  expect(first.told.map((report) => report.service)).not.toContain('p/late');
  const second = startChecker(first.states);
  second.checker.setHost('a.example', [['p/s', service]]);
  second.checker.forgetUnused();
  second.checker.flush();
  expect(second.told).toMatchObject([
    { service: 'p/s', state: 'healthy' },
    { service: 'p/other', state: 'gone' },
  ]);
  // Another way of checking begins anew.
  second.checker.setHost('a.example', [['p/s', { ...service, ...http('/other', { intervalMs: 60_000 }) }]]);
  second.checker.flush();
  expect(second.states.list()).toMatchObject([{ service: 'p/s', state: 'unknown' }]);
});
