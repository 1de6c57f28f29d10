import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { lockDirectory } from '@postern/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkApi } from './check-api.ts';
import { checkConfigFile } from './check-config-file.ts';
import { checkDataDirectory } from './check-data-directory.ts';
import { checkEdge } from './check-edge.ts';

let directory: string;
const servers: Server[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-doctor-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
  rmSync(directory, { recursive: true, force: true });
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A port on which nothing listens any more. */
/** Nobody listens on it: one that was free a moment ago another test may have been given. */
const CLOSED = 1;

describe('checkApi', () => {
  const api =
    (ready: number): RequestListener =>
    (request, response) => {
      const body =
        request.url === '/livez'
          ? { status: 'live', version: '1.2.3' }
          : { detail: 'the database does not answer' };
      response
        .writeHead(request.url === '/livez' ? 200 : ready, { connection: 'close' })
        .end(JSON.stringify(body));
    };
  const statuses = async (
    port: number,
    more: { ownVersion?: string; offsetMs?: number; timeoutMs?: number } = {},
  ) => {
    const checks = await checkApi({
      url: `http://127.0.0.1:${port}/`,
      ownVersion: more.ownVersion ?? '1.2.3',
      timeoutMs: more.timeoutMs ?? 20_000,
      now: () => Date.now() + (more.offsetMs ?? 0),
    });
    return Object.fromEntries(checks.map(({ name, status }) => [name, status]));
  };

  test('passes where all is well; another version warns, a slow clock warns, a wrong one fails', async () => {
    const port = await listen(createHttpServer(api(200)));
    expect(await statuses(port)).toEqual({ api: 'pass', store: 'pass', version: 'pass', clock: 'pass' });
    expect(await statuses(port, { ownVersion: '2.0.0', offsetMs: 120_000 })).toMatchObject({
      version: 'warn',
      clock: 'warn',
    });
    expect(await statuses(port, { offsetMs: -3_600_000 })).toMatchObject({ clock: 'fail' });
  });

  test('a store that does not answer, nothing that listens, something else and silence fail', async () => {
    expect(await statuses(await listen(createHttpServer(api(503))))).toMatchObject({
      api: 'pass',
      store: 'fail',
    });
    expect(await statuses(CLOSED)).toEqual({
      api: 'fail',
      store: 'skip',
      version: 'skip',
      clock: 'skip',
    });
    const other = createHttpServer((_, response) =>
      response.writeHead(200, { connection: 'close' }).end('hello'),
    );
    expect(await statuses(await listen(other))).toEqual({ api: 'fail' });
    const silent = createTcpServer((socket) => socket.on('error', () => undefined).resume());
    expect(await statuses(await listen(silent), { timeoutMs: 200 })).toMatchObject({ api: 'fail' });
  });
});

test('a configuration that others may read fails; a private one and none pass', () => {
  const file = join(directory, 'config.yaml');
  expect(checkConfigFile(file).status).toBe('pass');
  writeFileSync(file, '', { mode: 0o600 });
  expect(checkConfigFile(file).status).toBe('pass');
  chmodSync(file, 0o640);
  expect(checkConfigFile(file)).toMatchObject({ status: 'fail', hint: `chmod 600 ${file}` });
  expect(checkConfigFile(directory).status).toBe('fail');
});

test('a data directory tells who keeps it, without being locked or changed', () => {
  expect(checkDataDirectory(join(directory, 'none'), { apiAnswers: false }).status).toBe('warn');
  expect(checkDataDirectory(directory, { apiAnswers: true }).status).toBe('warn');
  const lock = lockDirectory(directory, 'X');
  expect(checkDataDirectory(directory, { apiAnswers: true })).toMatchObject({
    status: 'pass',
    detail: expect.stringContaining(`process ${process.pid}`),
  });
  lock.release();
  expect(checkDataDirectory(directory, { apiAnswers: false })).toMatchObject({
    status: 'pass',
    detail: expect.stringContaining('is free'),
  });
  lockDirectory(directory, 'X').release();
  chmodSync(directory, 0o777);
  expect(checkDataDirectory(directory, { apiAnswers: false }).status).toBe('fail');
});

describe('checkEdge', () => {
  const now = Date.now();
  const options = { host: 'shop.localhost', localCaPem: null, timeoutMs: 20_000 };

  test('a handshake passes with a trusted certificate and warns with another; a demanded one is no failure', async () => {
    const authority = await createDevAuthority({ name: 'ca', days: 1, now });
    const names = ['shop.localhost'];
    const leaf = await issueDevCertificate({
      role: 'server',
      name: 'shop.localhost',
      alternativeNames: names,
      issuer: authority,
      days: 1,
      now,
    });
    const server = createTlsServer({
      key: leaf.keyPem,
      cert: leaf.certPem,
      ca: authority.certPem,
      requestCert: true,
    });
    server.on('tlsClientError', () => undefined);
    const port = await listen(server);
    expect(await checkEdge({ ...options, port, localCaPem: authority.certPem })).toMatchObject({
      status: 'pass',
    });
    expect(await checkEdge({ ...options, port })).toMatchObject({ status: 'warn' });
  });

  test('an alert, a closed port, a name that is nowhere and silence fail, each with what to do', async () => {
    const alert = Buffer.from([0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x70]);
    const unknown = await listen(
      createTcpServer((socket) => socket.on('error', () => undefined).once('data', () => socket.end(alert))),
    );
    expect(await checkEdge({ ...options, port: unknown })).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('does not serve this host'),
    });
    expect(await checkEdge({ ...options, port: CLOSED })).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('nothing listens'),
    });
    const silent = await listen(createTcpServer((socket) => socket.on('error', () => undefined).resume()));
    expect(await checkEdge({ ...options, port: silent, timeoutMs: 200 })).toMatchObject({
      status: 'fail',
      detail: expect.stringContaining('no handshake'),
    });
  });
});
