import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, connect as connectPlain, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { sentBytes } from './sent-bytes.ts';
import { OpensslCertificates, pemOf } from './testing/openssl-certificates.ts';

/** More than the system holds for a client that does not read. */
const MUCH = Buffer.alloc(32 * 1024 * 1024);

test.each(['TLS', 'plain'])(
  'of one write it grows as parts of it leave, and no further (%s)',
  async (kind) => {
    const directory = mkdtempSync(join(tmpdir(), 'postern-sent-'));
    const { cert, key } = new OpensslCertificates(directory).selfSigned('localhost');
    const secureContext = createSecureContext({ cert: pemOf(cert), key: pemOf(key) });
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const raw: Socket = connectPlain(port, '127.0.0.1');
    const [accepted] = (await once(server, 'connection')) as [Socket];
    const isTls = kind === 'TLS';
    const socket = isTls ? new TLSSocket(accepted, { isServer: true, secureContext }) : accepted;
    const client = isTls ? connect({ socket: raw, rejectUnauthorized: false }) : raw;
    if (isTls) await once(client, 'secureConnect');
    client.pause();
    let isTaken = false;
    socket.write(MUCH, () => {
      isTaken = true;
    });
    let held = Number.NaN;
    while (held !== sentBytes(socket)) {
      held = sentBytes(socket);
      await delay(200);
    }
    expect(isTaken).toBe(false);
    let got = 0;
    client.on('data', (piece: Buffer) => {
      got += piece.length;
      if (got > MUCH.length / 4) client.pause();
    });
    client.resume();
    for (let waited = 0; waited < 20_000 && sentBytes(socket) === held; waited += 20) await delay(20);
    expect(sentBytes(socket)).toBeGreaterThan(held);
    expect(isTaken).toBe(false);
    client.destroy();
    socket.destroy();
    server.close();
    rmSync(directory, { recursive: true });
  },
);

test('where Node does not tell of parts it grows by whole writes', async () => {
  let take: () => void = () => undefined;
  const socket = new Duplex({
    read: () => undefined,
    write(_chunk, _encoding, callback) {
      take = callback;
    },
  });
  socket.write('1234');
  socket.write('56');
  const before = sentBytes(socket);
  take();
  expect(sentBytes(socket) - before).toBe(4);
  socket.destroy();
});
