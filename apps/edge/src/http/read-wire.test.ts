import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { peekClientHello } from '../accept/peek.ts';
import { OpensslCertificates } from '../testing/openssl-certificates.ts';
import { readTlsPieces } from './read-tls-pieces.ts';

const BYTES = 2 * 1024 * 1024;
const BODY = Buffer.from(
  Array.from({ length: BYTES / 4 }, (_, index) => index % 65_521).flatMap((n) => [
    n >> 8,
    n & 255,
    7,
    n % 251,
  ]),
);
let directory: string;
let secureContext: SecureContext;
let server: Server;
let accepted: (raw: Socket) => void;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'postern-wire-'));
  const { cert, key } = new OpensslCertificates(directory).selfSigned('wire.example.org');
  secureContext = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
  server = createServer((raw) => accepted(raw)).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

/** A connection as the edge has it: its ClientHello was read first. */
async function connectPeeked(listener: (piece: Buffer, socket: TLSSocket) => void) {
  const reads: number[] = [];
  const taken = new Promise<TLSSocket>((resolve) => {
    accepted = async (raw) => {
      await peekClientHello(raw, { timeoutMs: 30_000, bytesMax: 65_536 });
      const socket = new TLSSocket(raw, { isServer: true, secureContext });
      const handle = (socket as unknown as { _handle: { receive(bytes: Buffer): void } })._handle;
      const receive = handle.receive.bind(handle);
      handle.receive = (bytes) => {
        reads.push(bytes.length);
        receive(bytes);
      };
      socket.on('error', () => {});
      socket.once('secure', () => {
        readTlsPieces(socket, (piece) => listener(piece, socket));
        resolve(socket);
      });
    };
  });
  const wire = connectTcp((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  const client = connect({ socket: wire, rejectUnauthorized: false });
  client.on('error', () => {});
  const socket = await taken;
  return { wire, client, socket, reads };
}

test('a body comes whole and in order, in few reads of the wire, and then its end', async () => {
  const pieces: Buffer[] = [];
  const { client, socket, reads } = await connectPeeked((piece) => pieces.push(Buffer.from(piece)));
  const ended = once(socket, 'end');
  client.end(BODY);
  await ended;
  expect(Buffer.concat(pieces).equals(BODY)).toBe(true);
  // Behind the ClientHello, which is given to OpenSSL in the same way.
  expect(reads.slice(1).reduce((sum, bytes) => sum + bytes, 0)).toBeGreaterThan(BYTES / 2);
  socket.destroy();
});

test('small messages alone are read as they were', async () => {
  let bytes = 0;
  const { client, socket, reads } = await connectPeeked((piece) => {
    bytes += piece.length;
    socket.write(piece);
  });
  for (let message = 0; message < 20; message += 1) {
    client.write('x'.repeat(700));
    await once(client, 'data');
  }
  expect(bytes).toBe(14_000);
  expect(reads).toHaveLength(1);
  client.destroy();
  await once(socket, 'close');
});

test('a paused connection brings one read of the wire at most, and all the rest when it is resumed', async () => {
  let bytes = 0;
  let late = 0;
  let state: 'before' | 'paused' | 'after' = 'before';
  const paused = Promise.withResolvers<void>();
  const { client, socket } = await connectPeeked((piece) => {
    bytes += piece.length;
    if (state === 'paused') late += piece.length;
    if (state !== 'before' || bytes < 300_000) return;
    state = 'paused';
    socket.pause();
    paused.resolve();
  });
  client.end(BODY);
  await paused.promise;
  // What would still come has the time to.
  await delay(100);
  expect(late).toBeLessThanOrEqual(64 * 1024);
  state = 'after';
  const ended = once(socket, 'end');
  socket.resume();
  await ended;
  expect(bytes).toBe(BYTES);
  socket.destroy();
});

test('an answer still leaves after the client has ended its side of the wire', async () => {
  const { wire, client, socket } = await connectPeeked(() => undefined);
  socket.allowHalfOpen = true;
  const ended = once(socket, 'end');
  client.write(BODY, () => wire.end());
  await ended;
  socket.end('the answer');
  const [answer] = (await once(client, 'data')) as [Buffer];
  expect(answer.toString()).toBe('the answer');
  client.destroy();
});

test('a connection that is reset closes', async () => {
  const { wire, client, socket } = await connectPeeked((_piece, own) => {
    if (own.bytesRead > 500_000) wire.resetAndDestroy();
  });
  const closed = once(socket, 'close');
  client.write(BODY);
  await closed;
  expect(socket.destroyed).toBe(true);
});

test('a connection that is destroyed by its listener brings nothing more', async () => {
  let after = 0;
  const { client, socket } = await connectPeeked((piece, own) => {
    if (own.destroyed) after += piece.length;
    else if (own.bytesRead > 500_000) own.destroy();
  });
  const closed = once(socket, 'close');
  client.write(BODY);
  await closed;
  expect(after).toBe(0);
});
