import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { parseCertificatesPem, trustBundleOf } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import { readTlsPieces } from './read-tls-pieces.ts';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, openHttp2, openTls } from './testing/raw-client.ts';

// All connections are read into the same memory: bytes that are kept without a copy would turn into those of another client.
const HOST = 'reads.example.org';
const SECURE = 'reads-secure.example.org';
const BYTES = 1024 * 1024 + 7;
const CLIENTS = 6;
let fixture: HttpFixture;
let service: TestServer;
let secure: TestServer;

/** A body that nobody else has, of bytes that tell their place. */
function bodyOf(client: number): Buffer {
  return Buffer.from(
    `${client}:`.padEnd(61, String.fromCharCode(97 + client)).repeat(BYTES / 61 + 1),
  ).subarray(0, BYTES);
}

const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Takes nothing for a moment now and then, so that bytes wait everywhere on the way. */
function readSlowly(source: IncomingMessage | TLSSocket, take: (chunk: Buffer) => void): void {
  let chunks = 0;
  source.on('data', (chunk: Buffer) => {
    take(chunk);
    chunks += 1;
    if (chunks % 5 !== 0) return;
    source.pause();
    setTimeout(() => source.resume(), 3);
  });
}

function serve(request: IncomingMessage, response: ServerResponse): void {
  const hash = createHash('sha256');
  readSlowly(request, (chunk) => hash.update(chunk));
  request.once('end', () => {
    const body = bodyOf(Number(request.headers['x-number']));
    response.writeHead(200, {
      'X-Got': hash.digest('hex'),
      ...(request.url === '/sized' ? { 'Content-Length': BYTES } : {}),
    });
    // Pieces of all sizes, in turns of their own.
    let at = 0;
    const write = (): void => {
      const end = Math.min(BYTES, at + 1 + ((at * 7919) % 90_000));
      response.write(body.subarray(at, end));
      at = end;
      if (at === BYTES) response.end();
      else setImmediate(write);
    };
    write();
  });
}

beforeAll(async () => {
  fixture = await startHttpFixture();
  service = await listenOn(createServer(serve));
  await fixture.putHost(HOST, service.port);
  const own = new OpensslCertificates(fixture.edge.directory).selfSigned('localhost', [
    'subjectAltName=DNS:localhost',
  ]);
  const parsed = parseCertificatesPem(pemOf(own.cert), { pointer: '' });
  if (!parsed.ok) throw new Error('no certificate');
  fixture.bundles.set('own', trustBundleOf(parsed.certificates));
  secure = await listenOn(createSecureServer({ cert: pemOf(own.cert), key: pemOf(own.key) }, serve));
  const targets = [{ protocol: 'https' as const, host: 'localhost', port: secure.port }];
  await fixture.putHost(SECURE, secure.port, { upstream: { targets, trustBundle: 'own' } });
});
afterAll(async () => {
  await fixture.close();
  await service.close();
  await secure.close();
});

/** Uploads a body and reads what comes, both in fits and starts. */
async function exchange(
  client: number,
  host: string,
  path: string,
): Promise<{ got: string; answer: string }> {
  const socket = await openTls(fixture.edge, host);
  const body = bodyOf(client);
  const chunks: Buffer[] = [];
  readSlowly(socket, (chunk) => chunks.push(chunk));
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write(`POST ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Number: ${client}\r\nConnection: close\r\n`);
  if (path === '/sized') socket.write(`Content-Length: ${BYTES}\r\n\r\n`);
  else socket.write('Transfer-Encoding: chunked\r\n\r\n');
  for (let at = 0; at < BYTES; ) {
    const piece = body.subarray(at, at + 1 + ((at * 104_729 + client) % 50_000));
    if (path === '/sized') socket.write(piece);
    else
      socket.write(
        Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
      );
    at += piece.length;
    await new Promise(setImmediate);
  }
  if (path !== '/sized') socket.write('0\r\n\r\n');
  await ended;
  const all = Buffer.concat(chunks);
  const head = all.indexOf('\r\n\r\n');
  const got = /^x-got: (\w+)/im.exec(all.toString('latin1', 0, head))?.[1] ?? all.toString('latin1', 0, 300);
  const content = all.subarray(head + 4);
  return { got, answer: digestOf(path === '/sized' ? content : unchunk(content)) };
}

function unchunk(content: Buffer): Buffer {
  const data: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = content.indexOf('\r\n', at);
    const bytes = Number.parseInt(content.toString('latin1', at, lineEnd), 16);
    if (!(bytes > 0)) return Buffer.concat(data);
    data.push(content.subarray(lineEnd + 2, lineEnd + 2 + bytes));
    at = lineEnd + 4 + bytes;
  }
}

test.each([
  [HOST, '/sized'],
  [HOST, '/chunked'],
  [SECURE, '/sized'],
  [SECURE, '/chunked'],
])(
  'bodies of many clients at once arrive as they were sent, both ways (HTTP/1.1, %s %s)',
  async (host, path) => {
    const clients = Array.from({ length: CLIENTS }, (_, client) => client);
    const outcomes = await Promise.all(clients.map((client) => exchange(client, host, path)));
    const wanted = clients.map((client) => digestOf(bodyOf(client)));
    expect(outcomes).toEqual(wanted.map((digest) => ({ got: digest, answer: digest })));
  },
  120_000,
);

test('bodies of many streams at once arrive as they were sent, both ways (HTTP/2)', async () => {
  const session = openHttp2(fixture.edge, HOST);
  const clients = Array.from({ length: CLIENTS }, (_, client) => client);
  const answers = await Promise.all(
    clients.map((client) => {
      const head = [':method', 'POST', ':scheme', 'https', ':authority', HOST, ':path', '/sized'];
      return ask(session, [...head, 'x-number', String(client)], bodyOf(client));
    }),
  );
  session.destroy();
  for (const [client, { headers, body }] of answers.entries()) {
    const wanted = digestOf(bodyOf(client));
    expect(headers['x-got']).toBe(wanted);
    expect(digestOf(Buffer.from(body))).toBe(wanted);
  }
}, 120_000);

test('this Node lets a TLS socket be read into memory of ours', async () => {
  const socket = await openTls(fixture.edge, HOST);
  expect(readTlsPieces(socket, () => undefined)).toBeDefined();
  socket.destroy();
});
