import { randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createSecureContext, type SecureContext, type SecureVersion, TLSSocket } from 'node:tls';
import { evaluateClient, readAnchors } from '@postern/admission';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Lingerer } from '../accept/linger.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import { type HandshakeOutcome, runHandshake } from './handshake.ts';

const HOST = 'a.example';

let directory: string;
let ca: CertificateFiles;
let client: CertificateFiles;
/** A context that demands clients and resumes sessions. */
let resuming: SecureContext;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'postern-handshake-'));
  const openssl = new OpensslCertificates(directory);
  ca = openssl.selfSigned('CA');
  client = openssl.signed(ca, 'client');
  const server = openssl.signed(ca, HOST);
  resuming = createSecureContext({
    // What the edge gives each trust domain of its own.
    ticketKeys: randomBytes(48),
    cert: pemOf(server.cert),
    key: pemOf(server.key),
    ca: pemOf(ca.cert),
    sessionIdContext: 'one',
  });
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The edge's handshake on a demanding host. */
function demand(
  raw: Socket,
  serverName = HOST,
  { now = Date.now(), intermediates = [] as Buffer[] } = {},
): Promise<HandshakeOutcome> {
  const bundle = {
    contentHash: 'one',
    name: 'ca',
    anchors: readAnchors([new X509Certificate(pemOf(ca.cert)).raw]),
  };
  return runHandshake(raw, {
    secureContext: resuming,
    evaluate: (presented) =>
      evaluateClient(presented, { bundles: [bundle], matchers: null, revocations: null }, now),
    intermediates: { find: () => intermediates, above: () => [], mayRead: () => true },
    serverName,
    timeoutMs: 60_000,
    lingerer: new Lingerer({ lingerMs: 100, lingeringMax: 1 }),
  });
}

/** Connects to a server side of the test's; gives the session the client got, and what the server side made of it. */
async function meet<T>(
  server: (raw: Socket) => Promise<T>,
  options: { version: SecureVersion; files?: CertificateFiles; session?: Buffer; keepsSession?: true },
): Promise<{ session: Buffer | undefined; outcome: T }> {
  const { promise, resolve } = Promise.withResolvers<T>();
  const listener = createServer((raw) => {
    raw.on('error', () => {});
    void server(raw).then(resolve);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { files, version } = options;
  const socket = connect({
    port: (listener.address() as AddressInfo).port,
    host: '127.0.0.1',
    servername: HOST,
    ca: pemOf(ca.cert),
    minVersion: version,
    maxVersion: version,
    ...(files === undefined ? {} : { cert: pemOf(files.cert), key: pemOf(files.key) }),
    ...(options.session === undefined ? {} : { session: options.session }),
  });
  socket.on('error', () => {});
  const kept = new Promise<Buffer>((done) => socket.once('session', done));
  const outcome = await promise;
  const session = options.keepsSession === true ? await kept : undefined;
  socket.destroy();
  listener.close();
  return { session, outcome };
}

test.each(['TLSv1.2', 'TLSv1.3'] as const)(
  'a session that is resumed is that of its first client, judged anew (%s)',
  async (version) => {
    const first = await meet(demand, { version, files: client, keepsSession: true });
    if (first.outcome.outcome !== 'done') throw new Error(first.outcome.outcome);
    expect(first.session).toBeDefined();
    const fingerprintOfFirst = first.outcome.client?.fingerprint;
    expect(fingerprintOfFirst).toMatch(/^[0-9a-f]{64}$/);
    for (const files of [client, undefined]) {
      const { outcome } = await meet(demand, {
        version,
        ...(files === undefined ? {} : { files }),
        ...(first.session === undefined ? {} : { session: first.session }),
      });
      expect(outcome).toMatchObject({ outcome: 'done', client: { fingerprint: fingerprintOfFirst } });
    }
    const { outcome } = await meet((raw) => demand(raw, HOST, { now: Date.now() + 50 * 365 * 86_400_000 }), {
      version,
      ...(first.session === undefined ? {} : { session: first.session }),
    });
    expect(outcome).toMatchObject({ outcome: 'refused', reason: 'certificate_expired' });
  },
);

test('nor does a session that was begun without a certificate, which OpenSSL calls good', async () => {
  const bare = async (raw: Socket): Promise<void> => {
    const socket = new TLSSocket(raw, {
      isServer: true,
      secureContext: resuming,
      requestCert: true,
      rejectUnauthorized: false,
    });
    socket.on('error', () => {});
    await once(socket, 'secure');
  };
  const { session } = await meet(bare, { version: 'TLSv1.3', keepsSession: true });
  expect(session).toBeDefined();
  const { outcome } = await meet(demand, {
    version: 'TLSv1.3',
    ...(session === undefined ? {} : { session }),
  });
  expect(outcome.outcome).toBe('refused');
});

test('a server name that is not the one the host was chosen by ends the connection', async () => {
  const { outcome } = await meet((raw) => demand(raw, 'b.example'), { version: 'TLSv1.3', files: client });
  expect(outcome).toMatchObject({ outcome: 'failed', code: 'SERVER_NAME_DIFFERS' });
});

test('a record that cannot be decrypted ends an admitted connection', async () => {
  const listener = createServer(
    (raw) => void demand(raw).then((outcome) => listener.emit('judged', outcome)),
  );
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const judged = once(listener, 'judged');
  const raw = dial((listener.address() as AddressInfo).port, '127.0.0.1');
  const shown = { cert: pemOf(client.cert), key: pemOf(client.key) };
  const socket = connect({ socket: raw, servername: HOST, ca: pemOf(ca.cert), ...shown });
  socket.on('error', () => {});
  const [outcome] = (await judged) as [HandshakeOutcome];
  if (outcome.outcome !== 'done') throw new Error(outcome.outcome);
  const closed = once(outcome.socket, 'close');
  outcome.socket.resume();
  raw.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 32]), Buffer.alloc(32, 7)]));
  await closed;
  raw.destroy();
  listener.close();
});
