import { createCipheriv, createHmac } from 'node:crypto';
import { connect as connectTcp, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startEcho, type TestServer } from '../http/testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from '../http/testing/http-fixture.ts';
import { openTls, sendRaw } from '../http/testing/raw-client.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';

const OPEN = 'open.example.org';
const PROTECTED = 'protected.example.org';
let fixture: HttpFixture;
let echo: TestServer;
let stranger: CertificateFiles;
beforeAll(async () => {
  fixture = await startHttpFixture({ limits: { lingerMs: 60_000 }, pace: { headTimeoutMs: 60_000 } });
  echo = await startEcho();
  await fixture.putHost(OPEN, echo.port);
  const openssl = new OpensslCertificates(fixture.edge.directory);
  await fixture.putHost(PROTECTED, echo.port, { anchors: [openssl.selfSigned('A').cert] });
  stranger = openssl.selfSigned('B');
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
});

/** HKDF-Expand-Label without a context, for up to 32 bytes (RFC 8446 section 7.1). */
function expand(secret: Buffer, label: string, bytes: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, bytes, name.length]), name, Buffer.from([0, 1])]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, bytes);
}

/** Gives the records of so many KeyUpdates that ask for one in return (RFC 8446 section 4.6.3), each under the keys that the last one made. */
function keyUpdates(first: Buffer): (count: number) => Buffer {
  const head = Buffer.from([23, 3, 3, 0, 22]);
  let secret = first;
  const next = (): Buffer => {
    const cipher = createCipheriv('aes-128-gcm', expand(secret, 'key', 16), expand(secret, 'iv', 12));
    cipher.setAAD(head);
    const sealed = Buffer.concat([cipher.update(Buffer.from([24, 0, 0, 1, 1, 22])), cipher.final()]);
    secret = expand(secret, 'traffic upd', 32);
    return Buffer.concat([head, sealed, cipher.getAuthTag()]);
  };
  return (count) => Buffer.concat(Array.from({ length: count }, next));
}

/** A TLS 1.3 connection after its handshake: the socket under it, and the secret that the client writes under. */
function openWithSecret(sni: string, certificate = {}): Promise<{ raw: Socket; secret: Buffer }> {
  return new Promise((resolve, reject) => {
    // Goes on after the edge has said goodbye.
    const raw = connectTcp({ port: fixture.edge.port, host: '127.0.0.1', allowHalfOpen: true });
    const socket = connectTls({
      ...{ socket: raw, servername: sni, rejectUnauthorized: false, ciphers: 'TLS_AES_128_GCM_SHA256' },
      ...certificate,
    });
    let secret: Buffer | undefined;
    socket.on('keylog', (line) => {
      const found = /^CLIENT_TRAFFIC_SECRET_0 \w+ (\w+)/.exec(line.toString())?.[1];
      if (found !== undefined) secret = Buffer.from(found, 'hex');
    });
    for (const one of [socket, raw]) one.on('error', () => undefined);
    socket.once('secureConnect', () => {
      if (secret === undefined) reject(new Error('no secret'));
      // Node has still to send its Finished.
      else void delay(100, { raw, secret }).then(resolve);
    });
  });
}

test.each([
  ['of an open host', OPEN, () => ({})],
  [
    'that is refused and lingers',
    PROTECTED,
    () => ({ cert: pemOf(stranger.cert), key: pemOf(stranger.key) }),
  ],
] as const)('a connection %s ends after some KeyUpdates, whoever would go on', async (_whose, sni, shown) => {
  const { raw, secret } = await openWithSecret(sni, shown());
  let isClosed = false;
  raw.once('close', () => {
    isClosed = true;
  });
  const more = keyUpdates(secret);
  const many = more(4_000);
  await delay(500);
  raw.write(many);
  // What comes for a connection that is gone is answered with a reset.
  for (let tries = 0; tries < 100 && !isClosed; tries += 1) {
    raw.write(more(1));
    await delay(50);
  }
  expect(isClosed).toBe(true);
  expect((await sendRaw(fixture.edge, OPEN, `GET / HTTP/1.1\r\nHost: ${OPEN}\r\n\r\n`)).text).toMatch(
    / 200 /,
  );
});

test('some KeyUpdates, and a body that comes in chunks of one byte, each in a record of its own, end nothing', async () => {
  const { raw, secret } = await openWithSecret(OPEN);
  raw.write(keyUpdates(secret)(100));
  const socket = await openTls(fixture.edge, OPEN);
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  socket.write(`POST / HTTP/1.1\r\nHost: ${OPEN}\r\nTransfer-Encoding: chunked\r\n\r\n`);
  for (let nth = 0; nth < 10_000; nth += 1) socket.write('1\r\nx\r\n');
  socket.write('0\r\n\r\n');
  await expect.poll(() => text, { timeout: 20_000 }).toMatch(/^HTTP\/1\.1 200 /);
  expect(raw.destroyed).toBe(false);
  for (const one of [raw, socket]) one.destroy();
});
