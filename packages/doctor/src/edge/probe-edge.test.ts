import { constants, randomBytes } from 'node:crypto';
import { createServer as createPlain } from 'node:http';
import { createServer as createHttps } from 'node:https';
import {
  type AddressInfo,
  createServer as createTcp,
  connect as dial,
  type Server,
  type Socket,
} from 'node:net';
import { createSecureContext, type TLSSocket, type TlsOptions } from 'node:tls';
import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ProbedEdge } from './open-tls.ts';
import { probeEdge } from './probe-edge.ts';

const HOST = 'shop.example';
const NEIGHBOUR = 'open.example';
const servers: Server[] = [];
const sockets = new Set<Socket>();
let material: Record<'ca' | 'cert' | 'key' | 'clientCert' | 'clientKey', string>;

beforeAll(async () => {
  const now = Date.now();
  const issuer = await createDevAuthority({ name: 'ca', days: 2, now });
  const issue = (role: 'server' | 'client', name: string) =>
    issueDevCertificate({ role, name, alternativeNames: [HOST, NEIGHBOUR], issuer, days: 1, now });
  const [server, client] = [await issue('server', HOST), await issue('client', 'client')];
  material = {
    ca: issuer.certPem,
    cert: server.certPem,
    key: server.keyPem,
    clientCert: client.certPem,
    clientKey: client.keyPem,
  };
});
afterAll(async () => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) await new Promise((resolve) => server.close(resolve));
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A server that answers everything with what it was asked, as careless ones are set up. */
function carelessServer(tls: TlsOptions): Server {
  const { cert, key, ca } = material;
  const server = createHttps(
    { cert, key, ca, requestCert: true, rejectUnauthorized: false, ...tls },
    (request, response) => {
      response.setHeader('connection', 'close');
      response.end(JSON.stringify(request.headers));
    },
  );
  server.on('tlsClientError', () => undefined);
  return server;
}

async function statusesOf(port: number, more: Partial<ProbedEdge> = {}): Promise<Record<string, string>> {
  const checks = await probeEdge({
    ...{ host: HOST, address: '127.0.0.1', port, neighbour: NEIGHBOUR, http: null, timeoutMs: 10_000 },
    client: { certPem: material.clientCert, keyPem: material.clientKey },
    ...more,
  });
  return Object.fromEntries(checks.map(({ name, status }) => [name, status]));
}

test('a server that only asks for certificates fails wherever it lets everyone in', async () => {
  const port = await listen(
    carelessServer({ minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0', secureOptions: 0 }),
  );
  const http = await listen(createPlain((_, response) => response.end('hello')));
  expect(await statusesOf(port, { http: { address: '127.0.0.1', port: http } })).toMatchObject({
    certificate: 'pass',
    'no certificate': 'fail',
    'unknown names': 'fail',
    'Host of another name': 'fail',
    'Host under a neighbour': 'fail',
    'old versions': 'fail',
    'weak suites': 'fail',
    renegotiation: 'fail',
    'forged headers': 'fail',
    'plain HTTP': 'fail',
  });
});

test('a server that chooses what it demands by name is seen through: by resumption, and by a split hello', async () => {
  const { cert, key, ca } = material;
  // The class of CVE-2025-23419: the sessions of both hosts are of one kind, and what is resumed is not checked again.
  const shared = { cert, key, ca, ticketKeys: randomBytes(48), sessionIdContext: 'one' };
  const strict = createHttps(
    { ...shared, requestCert: true, rejectUnauthorized: false },
    ({ socket }, response) => {
      const { authorized, isSessionReused } = socket as TLSSocket;
      // "Who resumes has been checked before."
      const admitted = authorized || isSessionReused.call(socket);
      response.writeHead(admitted ? 200 : 403, { connection: 'close' }).end();
    },
  );
  const lax = createHttps({ ...shared, requestCert: false }, (_, response) =>
    response.writeHead(200, { connection: 'close' }).end(),
  );
  for (const server of [strict, lax]) server.on('tlsClientError', () => undefined);
  const [strictPort, laxPort] = [await listen(strict), await listen(lax)];
  const port = await listen(
    createTcp((socket) => {
      socket.on('error', () => undefined);
      // The class of CVE-2026-32305: what the first read does not show gets the default.
      socket.once('data', (chunk) => {
        const behind = dial(chunk.includes(HOST) ? strictPort : laxPort, '127.0.0.1');
        behind.on('error', () => socket.destroy());
        behind.on('close', () => socket.destroy());
        socket.on('close', () => behind.destroy());
        behind.write(chunk);
        socket.pipe(behind).pipe(socket);
      });
    }),
  );
  expect(await statusesOf(port)).toMatchObject({
    'no certificate': 'pass',
    'fragmented ClientHello': 'fail',
    'session of another host': 'fail',
    'unknown names': 'fail',
  });
});

test('sessions without a certificate are noticed where they open a host', async () => {
  const { cert, key, ca } = material;
  // Demands a certificate of whoever makes a full handshake of TLS 1.3, and of nobody who resumes one of TLS 1.2.
  let asked = 0;
  const contexts = createSecureContext({ cert, key, ca });
  const server = createHttps(
    { cert, key, ca, SNICallback: (_, done) => done(null, contexts), maxVersion: 'TLSv1.2' },
    (request, response) => {
      asked += 1;
      const reused = (request.socket as TLSSocket).isSessionReused();
      response.writeHead(reused ? 200 : 403, { connection: 'close' }).end();
    },
  );
  const port = await listen(server);
  const statuses = await statusesOf(port, { client: null });
  expect(asked).toBeGreaterThan(0);
  expect(statuses).toMatchObject({ 'no certificate': 'pass', 'session without a certificate': 'fail' });
});

test('a strict server passes; without a certificate of its own the doctor skips what it cannot see', async () => {
  const { cert, key, ca } = material;
  const server = createHttps(
    {
      ...{ cert, key, ca, requestCert: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' },
      ciphers: 'TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256',
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
    },
    (request, response) => {
      response.setHeader('connection', 'close');
      const sni = (request.socket as unknown as { servername?: string }).servername;
      if (request.headers.host !== HOST || sni !== HOST) response.writeHead(421).end();
      else response.end(JSON.stringify({ seen: request.headers['x-postern-doctor'] }));
    },
  );
  server.on('tlsClientError', () => undefined);
  const port = await listen(server);
  const statuses = await statusesOf(port);
  expect(statuses).toMatchObject({ certificate: 'pass', renegotiation: 'pass', 'forged headers': 'pass' });
  expect(Object.values(statuses).filter((status) => status === 'fail')).toEqual([]);
  const blind = await statusesOf(port, { client: null, neighbour: null });
  expect(blind).toMatchObject({
    certificate: 'skip',
    'no certificate': 'pass',
    'Host of another name': 'skip',
    'session of another host': 'skip',
  });
});

test('an edge that is not there is one failure', async () => {
  const server = createTcp();
  const port = await listen(server);
  await new Promise((resolve) => servers.splice(servers.indexOf(server), 1)[0]?.close(resolve));
  expect(await statusesOf(port)).toEqual({ edge: 'fail' });
});
