import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import { Http1BodyWriter } from './h1-body-writer.ts';
import { takeBlock } from './send-blocks.ts';

/** More blocks than ever wait to be used again. */
const BLOCKS = 64;

test.each([
  ['more than its Content-Length', 'length', 'hello!'],
  ['less than its Content-Length', 'length', 'hell'],
  ['bytes where the head says that there are none', 'none', 'x'],
] as const)(
  'a body that brings %s ends the connection, and nothing of it stands behind the message',
  async (_what, framing, body) => {
    let written = '';
    const socket = new Duplex({
      read: () => undefined,
      write(chunk, _encoding, callback) {
        written += String(chunk);
        callback();
      },
    });
    const writer = new Http1BodyWriter(socket, framing, 5, Buffer.from('head '));
    writer.flush();
    writer.write(Buffer.from(body));
    await turn();
    writer.end([]);
    await turn();
    expect(socket.destroyed).toBe(true);
    expect('head hello').toContain(written);
  },
);

test('a body that comes byte by byte waits in one block for a service that takes nothing', async () => {
  const writes: string[] = [];
  let take: () => void = () => {};
  const socket = new Duplex({
    read: () => undefined,
    write(chunk, _encoding, callback) {
      writes.push(String(chunk));
      take = callback;
    },
  });
  const writer = new Http1BodyWriter(socket, 'length', 200, Buffer.from('head '));
  writer.flush();
  for (let at = 0; at < 200; at += 1) {
    writer.write(Buffer.from(String(at % 10)));
    await turn();
  }
  // Each taken before the next: what waits in the socket is written one by one.
  for (let taken = 0; taken < 3; taken += 1) {
    take();
    await turn();
  }
  expect(writes).toEqual(['head ', '0', '1234567890'.repeat(20).slice(0, 199)]);
  socket.destroy();
});

test.each([
  ['is used again once its write has left', null, true],
  ['whose write failed is never used again: its bytes may still be read', new Error('broken pipe'), false],
] as const)('a block %s', async (_what, failure, isUsedAgain) => {
  let block: Buffer | undefined;
  const socket = new Duplex({
    read: () => undefined,
    write(chunk: Buffer, _encoding, callback) {
      block = chunk;
      callback(failure);
    },
  });
  socket.on('error', () => undefined);
  const writer = new Http1BodyWriter(socket, 'close', 0, null);
  writer.write(Buffer.from('gathered'));
  writer.flush();
  await turn();
  expect(String(block)).toBe('gathered');
  const memory = Array.from({ length: BLOCKS }, () => takeBlock().buffer);
  expect(memory.includes(block?.buffer as ArrayBuffer)).toBe(isUsedAgain);
  socket.destroy();
});

test('tiny pieces for a TLS connection that takes nothing wait together, and arrive as they were', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'postern-writer-'));
  const { cert, key } = new OpensslCertificates(directory).selfSigned('localhost');
  const server = createServer({ cert: pemOf(cert), key: pemOf(key) }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ port: (server.address() as AddressInfo).port, rejectUnauthorized: false });
  const [socket] = (await once(server, 'secureConnection')) as [TLSSocket];
  let writes = 0;
  const write = socket.write.bind(socket) as (chunk: Buffer, done: () => void) => boolean;
  socket.write = ((chunk: Buffer, done: () => void) => {
    writes += 1;
    return write(chunk, done);
  }) as typeof socket.write;
  const writer = new Http1BodyWriter(socket, 'close', 0, Buffer.from('head '));
  writer.flush();
  while (socket.writableLength > 0) await turn();
  // More than the kernel takes for a client that does not read.
  const much = Buffer.alloc(16 * 1024 * 1024, 'much');
  expect(writer.write(much)).toBe(false);
  const lent = Buffer.alloc(1);
  for (let at = 0; at < 2_000; at += 1) {
    lent.write(String(at % 10));
    writer.write(lent);
    if (at % 10 === 0) await turn();
  }
  lent.write('-');
  writer.end([]);
  expect(writes).toBeLessThan(5);
  const got = await buffer(client);
  expect(got.toString('latin1') === `head ${'much'.repeat(4 * 1024 * 1024)}${'0123456789'.repeat(200)}`).toBe(
    true,
  );
  server.close();
  rmSync(directory, { recursive: true });
});
