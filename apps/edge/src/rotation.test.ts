import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { DOCUMENT_FORMAT_ROTATION, type Hostname, LIMITS } from '@postern/contracts';
import { parseCertificatesPem, trustBundleOf } from '@postern/pki';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { hostDocumentOf } from './testing/feed-documents.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from './testing/openssl-certificates.ts';

const HOST = 'a.example';

let edge: EdgeFixture;
let files: string;
let openssl: OpensslCertificates;
let old: CertificateFiles;
let next: CertificateFiles;
let stayer: CertificateFiles;
let mover: CertificateFiles;

beforeAll(() => {
  files = mkdtempSync(join(tmpdir(), 'postern-rotation-'));
  openssl = new OpensslCertificates(files);
  old = openssl.selfSigned('Old');
  next = openssl.selfSigned('Next');
  stayer = openssl.signed(old, 'stayer.acme.org');
  mover = openssl.signed(next, 'mover.acme.org');
});
afterAll(() => rmSync(files, { recursive: true, force: true }));
beforeEach(async () => {
  edge = await startEdgeFixture();
  await edge.putHost(HOST, { anchors: [old.cert] });
});
afterEach(() => edge.close());

function bundleOf(file: string) {
  const parsed = parseCertificatesPem(pemOf(file), { pointer: '' });
  if (!parsed.ok) throw new Error('unreadable');
  return trustBundleOf(parsed.certificates);
}

/** Names the client CAs of the host: `old` is its first bundle, `next` that of the rotation. */
function trust(current: 'old' | 'next', isRotating: boolean): void {
  const trustBundle = current === 'old' ? `bundle-${HOST}` : 'bundle-next';
  const demand = { mode: 'require' as const, trustBundle, subjectMatches: null };
  const clientCertificate = isRotating ? { ...demand, nextTrustBundle: 'bundle-next' } : demand;
  edge.put('host', HOST, hostDocumentOf(HOST, { clientCertificate }), DOCUMENT_FORMAT_ROTATION);
}

/** A connection that has answered once; null where it was refused. */
async function open({ cert, key }: CertificateFiles): Promise<TLSSocket | null> {
  const shown = { cert: readFileSync(cert), key: readFileSync(key) };
  const socket = connect({
    ...shown,
    port: edge.port,
    host: '127.0.0.1',
    servername: HOST,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
  socket.on('error', () => {});
  return (await isAnswered(socket)) ? socket : null;
}

async function isAnswered(socket: TLSSocket): Promise<boolean> {
  if (socket.destroyed) return false;
  socket.write(`GET / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  return new Promise((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
}

async function isClosedWithin(socket: TLSSocket, waitMs: number): Promise<boolean> {
  if (socket.destroyed) return true;
  socket.resume();
  return Promise.race([
    new Promise<boolean>((resolve) => socket.once('close', () => resolve(true))),
    sleep(waitMs, false),
  ]);
}

test('both CAs admit during a rotation; connections of clients that stay trusted live through all of it, the others end within 5 s', async () => {
  const present = await open(stayer);
  if (present === null) throw new Error('refused');
  expect(await open(mover)).toBeNull();

  edge.put('trust-bundle', 'bundle-next', bundleOf(next.cert));
  trust('old', true);
  const moved = await open(mover);
  if (moved === null) throw new Error('refused');
  expect(await isAnswered(present)).toBe(true);
  (await open(stayer))?.destroy();

  trust('next', false);
  expect(await isClosedWithin(present, 50_000)).toBe(true);
  expect(await open(stayer)).toBeNull();
  expect(await isAnswered(moved)).toBe(true);
  (await open(mover))?.destroy();
  moved.destroy();
});

test('an aborted rotation ends the connections of the new CA alone', async () => {
  edge.put('trust-bundle', 'bundle-next', bundleOf(next.cert));
  trust('old', true);
  const [present, moved] = [await open(stayer), await open(mover)];
  if (present === null || moved === null) throw new Error('refused');
  trust('old', false);
  expect(await isClosedWithin(moved, 50_000)).toBe(true);
  expect(await isAnswered(present)).toBe(true);
  expect(await open(mover)).toBeNull();
  present.destroy();
});

test('the next CA can be changed or withdrawn by its own document: its clients end, those of the present CA stay', async () => {
  edge.put('trust-bundle', 'bundle-next', bundleOf(next.cert));
  trust('old', true);
  const [present, moved] = [await open(stayer), await open(mover)];
  if (present === null || moved === null) throw new Error('refused');
  edge.put('trust-bundle', 'bundle-next', bundleOf(openssl.selfSigned('Third').cert));
  expect(await isClosedWithin(moved, 50_000)).toBe(true);
  expect(await isAnswered(present)).toBe(true);
  edge.put('trust-bundle', 'bundle-next', null);
  expect(await isClosedWithin(present, 50_000)).toBe(true);
  expect(edge.worker.closedHosts()).toMatchObject([{ host: HOST, reason: 'trust_bundle_missing' }]);
});

test('a client whom both CAs vouch for counts for the next one', async () => {
  const both = openssl.signed(old, 'both.acme.org');
  edge.put('trust-bundle', 'bundle-next', bundleOf(old.cert));
  trust('old', true);
  const host = edge.worker.hosts.get(HOST as Hostname);
  const parsed = parseCertificatesPem(pemOf(both.cert), { pointer: '' });
  if (!parsed.ok || host === undefined) throw new Error('unreadable');
  const chain = parsed.certificates.map(({ der }) => der);
  const evaluate = () => host.evaluate({ chain, openssl: { good: true } }).anchor?.bundle;
  expect(evaluate()).toBe('bundle-next');
});

test('a next CA of the same name lets no client of the present one fall, though certificates do not say which CA they mean', async () => {
  const bare = ['authorityKeyIdentifier=none', 'subjectKeyIdentifier=none'];
  const [first, second] = [openssl.selfSigned('Same'), openssl.selfSigned('Same')];
  const [before, after] = [openssl.signed(first, 'before', bare), openssl.signed(second, 'after', bare)];
  await edge.putHost(HOST, { anchors: [first.cert] });
  edge.put('trust-bundle', 'bundle-next', bundleOf(second.cert));
  trust('old', true);
  const kept = await open(before);
  expect(kept).not.toBeNull();
  expect(await open(after)).toBeNull();
  expect(edge.log.findLast(({ msg }) => msg === 'client refused')).toMatchObject({ reason: 'chain_order' });
  trust('next', false);
  const moved = await open(after);
  expect(moved).not.toBeNull();
  moved?.destroy();
  kept?.destroy();
});

test('names of two CAs that would break every handshake together close the host, and it says so', async () => {
  const [one, other] = ['1', '2'].map((digit) =>
    openssl.selfSigned(`Big${`/O=${digit.repeat(60)}`.repeat(LIMITS.anchorNamesBytesMax / 2 / 64)}`),
  );
  if (one === undefined || other === undefined) throw new Error('not made');
  await edge.putHost(HOST, { anchors: [one.cert] });
  expect(edge.worker.closedHosts()).toEqual([]);
  edge.put('trust-bundle', 'bundle-next', bundleOf(other.cert));
  trust('old', true);
  edge.worker.hosts.get(HOST as Hostname);
  expect(edge.worker.closedHosts()).toMatchObject([
    { host: HOST, message: expect.stringMatching(/^the subject names of all client CAs take \d+ bytes/) },
  ]);
});
