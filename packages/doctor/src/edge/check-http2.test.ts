import { once } from 'node:events';
import { createSecureServer } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer as createTls, type TLSSocket } from 'node:tls';
import { createDevAuthority, issueDevCertificate } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { http2Request, pageOf, readHttp2 } from './http2-frames.ts';
import { probeEdge } from './probe-edge.ts';

const HOST = 'shop.example';
const NEIGHBOUR = 'open.example';
const closing: (() => void)[] = [];
let material: Record<'ca' | 'cert' | 'key' | 'clientCert' | 'clientKey', string>;

beforeAll(async () => {
  const now = Date.now();
  const issuer = await createDevAuthority({ name: 'ca', days: 2, now });
  const issue = (role: 'server' | 'client', name: string) =>
    issueDevCertificate({ role, name, alternativeNames: [HOST, NEIGHBOUR], issuer, days: 1, now });
  const [server, client] = [await issue('server', HOST), await issue('client', 'client')];
  material = {
    ca: issuer.certPem,
    ...{ cert: server.certPem, key: server.keyPem },
    ...{ clientCert: client.certPem, clientKey: client.keyPem },
  };
});
afterAll(() => {
  for (const close of closing) close();
});

async function checksOf(server: Server): Promise<Record<string, { status: string; detail: string }>> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const checks = await probeEdge({
    ...{ host: HOST, address: '127.0.0.1', port, neighbour: NEIGHBOUR, http: null, timeoutMs: 10_000 },
    client: { certPem: material.clientCert, keyPem: material.clientKey },
  });
  return Object.fromEntries(checks.map(({ name, ...found }) => [name, found]));
}

test('a server that takes whatever comes over HTTP/2 fails in everything', async () => {
  const { cert, key, ca } = material;
  const tls = { cert, key, ca, requestCert: true, rejectUnauthorized: false };
  const server = createTls({ ...tls, ALPNProtocols: ['h2', 'http/1.1'] }, (socket) => {
    socket.on('error', () => undefined);
    if (socket.alpnProtocol === 'h2') answerAnything(socket);
    else socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  const found = await checksOf(server);
  const statuses = Object.fromEntries(Object.entries(found).map(([name, { status }]) => [name, status]));
  expect(statuses).toMatchObject({
    'no certificate': 'pass',
    'HTTP/2': 'pass',
    'HTTP/2: no certificate': 'fail',
    'HTTP/2: authority of another name': 'fail',
    'HTTP/2: authority under a neighbour': 'fail',
    'HTTP/2: forged headers': 'fail',
    'HTTP/2: malformed requests': 'fail',
    'HTTP/2: session without a certificate': 'fail',
    'HTTP/2: session of another host': 'fail',
    'HTTP/2: CONTINUATION flood': 'fail',
  });
  expect(found['HTTP/2: malformed requests']?.detail).toBe(
    'came through: :path twice, :authority twice, an unknown pseudo header, :status in a request, a pseudo header after the others, a connection field, transfer-encoding, an upper-case name',
  );
});

/** Echoes the first field block of a connection, once it is whole, and never objects. */
function answerAnything(socket: TLSSocket): void {
  let bytes = Buffer.alloc(0);
  let at = 24;
  let block = '';
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    while (at + 9 <= bytes.length && at + 9 + bytes.readUIntBE(at, 3) <= bytes.length) {
      const [length, type, flags] = [bytes.readUIntBE(at, 3), bytes[at + 3], bytes[at + 4] ?? 0];
      if (type === 1 || type === 9) block += bytes.toString('latin1', at + 9, at + 9 + length);
      at += 9 + length;
      if ((type !== 1 && type !== 9) || (flags & 4) === 0) continue;
      const body = Buffer.from(block, 'latin1');
      // 200, with nothing compressed; the body ends the stream.
      socket.write(Buffer.from([0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88]));
      socket.write(Buffer.from([0, body.length >> 8, body.length & 255, 0, 1, 0, 0, 0, 1]));
      socket.end(body);
    }
  });
}

test('a strict server passes over HTTP/2 too', async () => {
  const { cert, key, ca } = material;
  const server = createSecureServer(
    { cert, key, ca, requestCert: true, rejectUnauthorized: true, allowHTTP1: true, minVersion: 'TLSv1.2' },
    (request, response) => {
      const socket = request.stream?.session?.socket ?? request.socket;
      const { servername } = socket as { servername?: string };
      const names = [request.authority, request.headers.host ?? request.authority, servername];
      if (names.some((name) => name !== HOST)) response.writeHead(421).end();
      else response.end(JSON.stringify({ seen: request.headers['x-postern-doctor'] }));
    },
  );
  server.on('tlsClientError', () => undefined);
  const found = await checksOf(server as unknown as Server);
  const ofHttp2 = Object.entries(found).filter(([name]) => name.startsWith('HTTP/2'));
  expect(ofHttp2.map(([name, { status }]) => `${name}: ${status}`)).toEqual([
    'HTTP/2: pass',
    'HTTP/2: no certificate: pass',
    'HTTP/2: authority of another name: pass',
    'HTTP/2: authority under a neighbour: pass',
    'HTTP/2: forged headers: pass',
    'HTTP/2: malformed requests: pass',
    'HTTP/2: session without a certificate: pass',
    'HTTP/2: session of another host: pass',
    'HTTP/2: CONTINUATION flood: pass',
  ]);
});

test('statuses are read however a server writes them', () => {
  const headers = (...block: number[]) => Buffer.from([0, 0, block.length, 1, 5, 0, 0, 0, 1, ...block]);
  expect(readHttp2(headers(0x88)).status).toBe(200);
  // 421 as nghttp2 writes it: after a change of the table's size, by the name's index, in Huffman's code.
  expect(readHttp2(headers(0x20, 0x48, 0x82, 0x68, 0x41)).status).toBe(421);
  expect(readHttp2(headers(0x08, 0x03, 0x35, 0x30, 0x32)).status).toBe(502);
  expect(readHttp2(headers(0x40, 0x01, 0x61, 0x01, 0x61)).status).toBeNull();
  // An early hint is no answer.
  expect(readHttp2(Buffer.concat([headers(0x08, 0x03, 0x31, 0x30, 0x33), headers(0x8d)])).status).toBe(404);
  expect(http2Request(pageOf(HOST)).toString('latin1')).toContain(`:authority\x0c${HOST}`);
});
