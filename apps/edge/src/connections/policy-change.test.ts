import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, connect as dial } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { parseCertificatesPem, trustBundleOf } from '@postern/pki';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { answeringProtocol } from '../testing/answering-protocol.ts';
import { type EdgeFixture, startEdgeFixture } from '../testing/edge-fixture.ts';
import { hostDocumentOf } from '../testing/feed-documents.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';

let edge: EdgeFixture;
let files: string;
let ca: CertificateFiles;
let other: CertificateFiles;
let client: CertificateFiles;
let nowOffsetMs: number;

beforeAll(() => {
  files = mkdtempSync(join(tmpdir(), 'postern-policy-'));
  const openssl = new OpensslCertificates(files);
  ca = openssl.selfSigned('A');
  other = openssl.selfSigned('B');
  client = openssl.signed(ca, 'client.acme.org');
});
afterAll(() => rmSync(files, { recursive: true, force: true }));
beforeEach(async () => {
  nowOffsetMs = 0;
  edge = await startEdgeFixture({ now: () => Date.now() + nowOffsetMs });
});
afterEach(() => edge.close());

function options(host: string, files: CertificateFiles | undefined) {
  const shown = files === undefined ? {} : { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  return { port: edge.port, host: '127.0.0.1', servername: host, rejectUnauthorized: false, ...shown };
}

/** An idle HTTP/1.1 connection that has answered once. */
async function open(host: string, files?: CertificateFiles): Promise<TLSSocket> {
  const socket = connect({ ...options(host, files), ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => {});
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await once(socket, 'data');
  return socket;
}

/** Milliseconds until the peer closes; undefined when it does not within `waitMs`. */
async function closedWithin(socket: TLSSocket, waitMs: number): Promise<number | undefined> {
  const startedAt = performance.now();
  if (socket.readableEnded || socket.destroyed) return 0;
  socket.resume();
  const closed = once(socket, 'close').then(() => performance.now() - startedAt);
  return Promise.race([closed, sleep(waitMs, undefined)]);
}

test.each([
  ['another CA', async () => edge.putHost('a.example', { anchors: [other.cert] })],
  ['no CA any more', async () => edge.putHost('a.example')],
  [
    'other names',
    async () => edge.putHost('a.example', { anchors: [ca.cert], subjectMatches: [{ exact: 'x.org' }] }),
  ],
  ['no host', async () => edge.put('host', 'a.example', null)],
  ['a damaged document', async () => edge.put('host', 'a.example', { host: 1 })],
])('connections end within 5 s of %s', async (_, change) => {
  await edge.putHost('a.example', { anchors: [ca.cert] });
  await edge.putHost('b.example');
  const socket = await open('a.example', client);
  const bystander = await open('b.example');
  await change();
  expect(await closedWithin(socket, 50_000)).toBeDefined();
  expect(await closedWithin(bystander, 300)).toBeUndefined();
  bystander.destroy();
});

test('a connection that does not drain is cut off', async () => {
  await edge.close();
  edge = await startEdgeFixture({
    protocol: () => {
      const { serve, ...rest } = answeringProtocol();
      return {
        ...rest,
        serve(connection) {
          serve(connection);
          return { drain() {} };
        },
      };
    },
  });
  await edge.putHost('a.example', { anchors: [ca.cert] });
  const socket = await open('a.example', client);
  await edge.putHost('a.example', { anchors: [other.cert] });
  expect(await closedWithin(socket, 50_000)).toBeGreaterThan(1_000);
});

test('a new server certificate, and the same CA under names that still match, keep connections', async () => {
  await edge.putHost('a.example', { anchors: [ca.cert] });
  const socket = await open('a.example', client);
  await edge.putHost('a.example', { anchors: [ca.cert], subjectMatches: [{ hasSuffix: '.acme.org' }] });
  edge.put('certificate', 'certificate-a.example', await edge.issue('certificate-a.example', 'a.example'));
  expect(await closedWithin(socket, 500)).toBeUndefined();
  const next = await open('a.example', client);
  const [before, after] = [socket, next].map((tls) => tls.getPeerX509Certificate()?.serialNumber);
  expect(before).toBeDefined();
  expect(after).toBeDefined();
  expect(after).not.toBe(before);
  socket.destroy();
  next.destroy();
});

test('an exact host that appears ends the connections its wildcard had', async () => {
  await edge.putHost('*.example.org');
  const taken = await open('a.example.org');
  const kept = await open('b.example.org');
  await edge.putHost('a.example.org', { anchors: [ca.cert] });
  expect(await closedWithin(taken, 50_000)).toBeDefined();
  expect(await closedWithin(kept, 300)).toBeUndefined();
  kept.destroy();
});

test('connections end within 5 s of the end of their client certificate', async () => {
  await edge.putHost('a.example', { anchors: [ca.cert] });
  const socket = await open('a.example', client);
  expect(await closedWithin(socket, 1_500)).toBeUndefined();
  nowOffsetMs = 31 * 86_400_000;
  expect(await closedWithin(socket, 50_000)).toBeDefined();
});

/** A connection whose handshake stands still, after the edge has chosen the host, until `change` is through. */
async function openAcross(host: string, files: CertificateFiles, change: () => void): Promise<TLSSocket> {
  const relay = createServer((near) => {
    relay.close();
    const far = dial({ port: edge.port, host: '127.0.0.1' });
    for (const socket of [near, far]) socket.on('error', () => {});
    near.once('data', (hello) => {
      near.pause();
      far.write(hello);
    });
    far.once('data', (flight) => {
      change();
      near.write(flight);
      near.pipe(far);
      far.pipe(near);
    });
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const { port } = relay.address() as AddressInfo;
  const socket = connect({ ...options(host, files), port, ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => {});
  socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  return socket;
}

function bundleOf(file: string) {
  const parsed = parseCertificatesPem(pemOf(file), { pointer: '' });
  if (!parsed.ok) throw new Error('unreadable');
  return trustBundleOf(parsed.certificates);
}

test('what changes while a handshake runs counts: another CA ends it, the same CA by another name is followed from then on', async () => {
  await edge.putHost('a.example', { anchors: [ca.cert] });
  const demandOther = hostDocumentOf('a.example', {
    clientCertificate: { mode: 'require', trustBundle: 'other', subjectMatches: null },
  });
  edge.put('trust-bundle', 'other', bundleOf(other.cert));
  const refused = await openAcross('a.example', client, () => edge.put('host', 'a.example', demandOther));
  expect(await closedWithin(refused, 50_000)).toBeDefined();
  expect(refused.bytesRead).toBe(0);

  await edge.putHost('a.example', { anchors: [ca.cert] });
  edge.put('trust-bundle', 'other', bundleOf(ca.cert));
  const socket = await openAcross('a.example', client, () => edge.put('host', 'a.example', demandOther));
  expect(await closedWithin(socket, 300)).toBeUndefined();
  edge.put('trust-bundle', 'other', bundleOf(other.cert));
  expect(await closedWithin(socket, 50_000)).toBeDefined();
});
