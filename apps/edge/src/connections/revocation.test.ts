import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import { DOCUMENT_FORMAT_REVOCATION, type RevocationEntry } from '@postern/contracts';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from '../http/testing/http-fixture.ts';
import { type CertificateFiles, OpensslCertificates } from '../testing/openssl-certificates.ts';

let files: string;
let ca: CertificateFiles;
let jane: CertificateFiles;
let john: CertificateFiles;
let upstream: Server;
let http: HttpFixture;
let port: number;

beforeAll(async () => {
  files = mkdtempSync(join(tmpdir(), 'postern-revocation-'));
  const openssl = new OpensslCertificates(files);
  ca = openssl.selfSigned('A');
  jane = openssl.signed(ca, 'jane.acme.org');
  john = openssl.signed(ca, 'john.acme.org');
  // Answers a request, and takes an upgrade; what it is asked on never ends by itself.
  upstream = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => {
      const isUpgrade = data.toString('latin1').toLowerCase().includes('upgrade: websocket');
      socket.write(
        isUpgrade
          ? 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n'
          : 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
      );
    });
  });
  upstream.listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  port = (upstream.address() as AddressInfo).port;
});
afterAll(() => {
  upstream.close();
  rmSync(files, { recursive: true, force: true });
});
beforeEach(async () => {
  http = await startHttpFixture();
  await http.putHost('a.example', port, { anchors: [ca.cert], websockets: true });
});
afterEach(() => http.close());

const options = (client: CertificateFiles) => ({
  ...{ port: http.edge.port, host: '127.0.0.1', servername: 'a.example', rejectUnauthorized: false },
  cert: readFileSync(client.cert),
  key: readFileSync(client.key),
});

/** A connection over HTTP/1.1 that has been answered once, and is idle or a WebSocket since. */
async function open(client: CertificateFiles, upgrade = false): Promise<TLSSocket> {
  const socket = connect({ ...options(client), ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => {});
  const more = upgrade
    ? 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    : '';
  socket.write(`GET / HTTP/1.1\r\nHost: a.example\r\n${more}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString('latin1')).toMatch(upgrade ? /^HTTP\/1.1 101/ : /^HTTP\/1.1 200/);
  return socket;
}

async function openHttp2(client: CertificateFiles): Promise<ClientHttp2Session> {
  const session = connectHttp2('https://a.example', {
    createConnection: () => connect({ ...options(client), ALPNProtocols: ['h2'] }),
  });
  session.on('error', () => {});
  const stream = session.request({ ':path': '/' });
  stream.resume();
  await once(stream, 'end');
  return session;
}

/** True where an answer comes on a new connection. */
async function isServed(client: CertificateFiles): Promise<boolean> {
  const socket = connect({ ...options(client), ALPNProtocols: ['http/1.1'] });
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
  const answered = await new Promise<boolean>((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('close', () => resolve(false));
  });
  socket.destroy();
  return answered;
}

function revoke(client: RevocationEntry['client'], more: Partial<RevocationEntry> = {}): void {
  const entry = { id: 'r1', client, reason: 'keyCompromise', route: null, ca: null, ...more };
  http.edge.put('revocation', 'default', { entries: [entry] });
}

test('a revoked client has no new handshake, and its HTTP/1.1, HTTP/2 and WebSocket connections end within 5 s; others go on', async () => {
  const plain = await open(jane);
  const websocket = await open(jane, true);
  const session = await openHttp2(jane);
  const bystander = await open(john, true);
  const ends = [once(plain, 'close'), once(websocket, 'close'), once(session, 'close')];
  plain.resume();
  websocket.resume();
  revoke({ by: 'subject', subject: 'JANE.acme.org' });
  expect(await isServed(jane)).toBe(false);
  expect(await isServed(john)).toBe(true);
  expect(await Promise.race([Promise.all(ends).then(() => 'ended'), sleep(50_000, 'open')])).toBe('ended');
  expect(bystander.destroyed).toBe(false);
  bystander.destroy();
  expect(http.edge.log).toContainEqual(expect.objectContaining({ reason: 'certificate_revoked' }));
  http.edge.put('revocation', 'default', { entries: [] });
  expect(await isServed(jane)).toBe(true);
});

test('a request on a connection that is about to end is not served', async () => {
  const socket = await open(jane);
  const { length } = http.entries;
  revoke({ by: 'subject', subject: 'jane.acme.org' });
  socket.write('GET /late HTTP/1.1\r\nHost: a.example\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
  for (const entry of http.entries.slice(length)) expect(entry.status).not.toBe(200);
});

test('revocations of another project, route or CA end nothing', async () => {
  const socket = await open(jane);
  const client = { by: 'subject', subject: 'jane.acme.org' } as const;
  revoke(client, { route: 'other' });
  revoke(client, { ca: 'other' });
  const entry = { id: 'r1', client, reason: 'unspecified', route: null, ca: null };
  http.edge.put('revocation', 'other', { entries: [entry] });
  socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString('latin1')).toMatch(/^HTTP\/1.1 200/);
  socket.destroy();
  expect(await isServed(jane)).toBe(true);
});

/** A list of the CA in its present database, as the feed brings it. */
function issueList(policy: 'hard' | 'soft', life: string) {
  const run = (script: string) => execFileSync('bash', ['-euc', script], { cwd: files, stdio: 'pipe' });
  run(`openssl ca -config ca.cnf -gencrl -cert ${ca.cert} -keyfile ${ca.key} ${life} -out list.pem
    openssl crl -in list.pem -outform DER -out list.der
    openssl x509 -in ${ca.cert} -noout -pubkey | openssl pkey -pubin -outform DER -out ca.spki`);
  const text = (file: string) => readFileSync(join(files, file)).toString('base64');
  return { policy, list: text('list.der'), signerKey: text('ca.spki') };
}

function putLists(...crls: string[]): void {
  const document = http.edge.worker.hosts.get('a.example' as never)?.document;
  const clientCertificate = { ...document?.clientCertificate, crls };
  http.edge.put('host', 'a.example', { ...document, clientCertificate }, DOCUMENT_FORMAT_REVOCATION);
}

test('a revocation list ends the connections of those it names, and its end those of all its clients where it is hard', async () => {
  writeFileSync(
    join(files, 'ca.cnf'),
    '[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=7\n',
  );
  writeFileSync(join(files, 'index.txt'), '');
  writeFileSync(join(files, 'crlnumber'), '01\n');
  http.edge.put('crl', 'list-1', issueList('hard', '-crldays 7'));
  putLists('list-1');
  const first = await open(jane);
  const other = await open(john);
  first.resume();
  const revoke = ['ca', '-config', 'ca.cnf', '-cert', ca.cert, '-keyfile', ca.key, '-revoke', jane.cert];
  execFileSync('openssl', revoke, { cwd: files, stdio: 'pipe' });
  const soon = issueList('hard', '-crlsec 10');
  http.edge.put('crl', 'list-1', soon);
  expect(await Promise.race([once(first, 'close').then(() => 'ended'), sleep(50_000, 'open')])).toBe('ended');
  expect(await isServed(jane)).toBe(false);
  expect(await isServed(john)).toBe(true);
  other.resume();
  expect(await Promise.race([once(other, 'close').then(() => 'ended'), sleep(50_000, 'open')])).toBe('ended');
  expect(await isServed(john)).toBe(false);
  expect(http.edge.log).toContainEqual(expect.objectContaining({ reason: 'crl_stale' }));
  http.edge.put('crl', 'list-1', { ...soon, policy: 'soft' });
  expect(await isServed(john)).toBe(true);
  expect(await isServed(jane)).toBe(false);
});

test('a list that is missing, damaged, or signed by another key closes the host', async () => {
  putLists('list-2');
  expect(await isServed(john)).toBe(false);
  const list = issueList('soft', '-crldays 7');
  const damaged = Buffer.from(list.list, 'base64');
  damaged.writeUInt8(damaged.readUInt8(damaged.length - 1) ^ 1, damaged.length - 1);
  for (const body of [
    { ...list, list: damaged.toString('base64') },
    { ...list, signerKey: list.list },
    { list: '' },
  ]) {
    http.edge.put('crl', 'list-2', body);
    expect(await isServed(john)).toBe(false);
  }
  http.edge.put('crl', 'list-2', list);
  expect(await isServed(john)).toBe(true);
});

test('a host whose revocations are damaged, of an unknown form, or missing where they are said to be, is closed', async () => {
  expect(await isServed(jane)).toBe(true);
  http.edge.put('revocation', 'default', { entries: 'none' });
  expect(await isServed(jane)).toBe(false);
  http.edge.put('revocation', 'default', { entries: [] });
  expect(await isServed(jane)).toBe(true);
  http.edge.put('revocation', 'default', { entries: [] }, 99);
  expect(await isServed(jane)).toBe(false);
  http.edge.put('revocation', 'default', null);
  expect(await isServed(jane)).toBe(true);
  const document = http.edge.worker.hosts.get('a.example' as never)?.document;
  const clientCertificate = { ...document?.clientCertificate, revocations: true };
  http.edge.put('host', 'a.example', { ...document, clientCertificate }, DOCUMENT_FORMAT_REVOCATION);
  expect(await isServed(jane)).toBe(false);
  http.edge.put('revocation', 'default', { entries: [] });
  expect(await isServed(jane)).toBe(true);
});
