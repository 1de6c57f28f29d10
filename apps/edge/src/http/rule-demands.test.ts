import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocketServer } from 'ws';
import { type CertificateFiles, OpensslCertificates } from '../testing/openssl-certificates.ts';
import { listenOn, type Seen, startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { openWebsocket } from './testing/open-websocket.ts';
import { ask, openHttp2, openTls, sendRaw } from './testing/raw-client.ts';

const HOST = 'shop.example.org';

let fixture: HttpFixture;
let echo: TestServer;
let websockets: TestServer;
let admin: CertificateFiles;
let user: CertificateFiles;
let anchors: string[];

beforeAll(async () => {
  fixture = await startHttpFixture();
  echo = await startEcho();
  const server = createServer();
  new WebSocketServer({ server });
  websockets = await listenOn(server);
  const certificates = new OpensslCertificates(fixture.edge.directory);
  const authority = certificates.selfSigned('clients');
  anchors = [authority.cert];
  admin = certificates.signed(authority, 'admin.acme.org');
  user = certificates.signed(authority, 'user.acme.org');
  await putShop('admin.acme.org');
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
  await websockets.close();
});

/** A host open to every client of its CA, but for two rules. */
async function putShop(exact: string): Promise<void> {
  const demand = { clientCertificate: { subjectMatches: [{ exact }] } };
  await fixture.putHost(HOST, echo.port, {
    anchors,
    cors: { allowOrigins: ['*'] },
    rules: [
      { name: 'the back office', prefix: '/admin', service: 'echo', enableWebsockets: true, ...demand },
      { name: null, prefix: '/', service: 'echo', enableWebsockets: true },
    ],
  });
}

async function statusOf(target: string, certificate: CertificateFiles, more = ''): Promise<string> {
  const head = `GET ${target} HTTP/1.1\r\nHost: ${HOST}\r\n${more}Connection: close\r\n\r\n`;
  const { text } = await sendRaw(fixture.edge, HOST, head, { certificate });
  return text;
}

test('a rule admits only its own subjects, other rules all clients of the host; the refusal names the rule and is recorded', async () => {
  expect(await statusOf('/admin/x', admin)).toMatch(/^HTTP\/1\.1 200 /);
  expect(await statusOf('/x', user)).toMatch(/^HTTP\/1\.1 200 /);
  const refused = await statusOf('/admin/x', user, 'Origin: https://a.example\r\n');
  expect(refused).toMatch(/^HTTP\/1\.1 403 /);
  expect(refused).toContain('subject_not_allowed');
  expect(refused).toContain('the back office');
  expect(fixture.entries.at(-1)).toMatchObject({
    status: 403,
    reason: 'subject_not_allowed',
    rule: 'the back office',
    clientFingerprint: expect.any(String),
  });
  expect(fixture.entries.at(-1)?.refusal).toEqual(expect.any(String));
});

test('a preflight of a refused client is not answered', async () => {
  const { text } = await sendRaw(
    fixture.edge,
    HOST,
    `OPTIONS /admin HTTP/1.1\r\nHost: ${HOST}\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: GET\r\nConnection: close\r\n\r\n`,
    { certificate: user },
  );
  expect(text).toMatch(/^HTTP\/1\.1 403 /);
});

test.each([
  '/admin',
  '/administrator',
  '//admin',
  '/%61dmin',
  '/%2561dmin',
  '/x/../admin',
  '/x/%2e%2e/admin',
  '/.//admin',
  '/./admin',
  '/%2fadmin',
  '/%2Fadmin',
  '/\\admin',
  '/;a/admin',
  '/admin;a=b/x',
  '/;/admin',
  '/admin#x',
  '/admin%00',
  '/admin?x=1',
  `https://${HOST}/admin`,
  `https://${HOST.toUpperCase()}:443//admin`,
])('no spelling of a protected path gets past its rule through another: %s', async (target) => {
  const text = await statusOf(target, user);
  expect(text).toMatch(/^HTTP\/1\.1 (400|403) /);
});

test('case is part of a path: what only looks like the protected one goes where its own prefix leads, byte for byte', async () => {
  const text = await statusOf('/ADMIN', user);
  expect((JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '') as Seen).path).toBe('/ADMIN');
});

test('one HTTP/2 connection meets each rule by itself', async () => {
  const session = openHttp2(fixture.edge, HOST, { certificate: user });
  const statusAt = async (path: string) =>
    (await ask(session, [':method', 'GET', ':scheme', 'https', ':authority', HOST, ':path', path])).status;
  expect(await Promise.all(['/', '/admin', '/x', '/admin/y'].map(statusAt))).toEqual([200, 403, 200, 403]);
  expect(session.closed).toBe(false);
  session.destroy();
});

test('when a rule no longer admits a client, what it let through ends; connections that never used it stay', async () => {
  await putShop('user.acme.org');
  const open = async (path: string) => {
    const socket = await openTls(fixture.edge, HOST, { certificate: user });
    const answer = new Promise<string>((resolve) =>
      socket.once('data', (chunk: Buffer) => resolve(chunk.toString('latin1'))),
    );
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /);
    const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    socket.resume();
    return { socket, closed };
  };
  const demanding = await open('/admin');
  const free = await open('/');
  const began = performance.now();
  await putShop('admin.acme.org');
  await demanding.closed;
  expect(performance.now() - began).toBeLessThan(50_000);
  expect(free.socket.destroyed).toBe(false);
  free.socket.destroy();
});

test('a WebSocket ends with the admission of its rule', async () => {
  const put = (exact: string) =>
    fixture.putHost('ws.example.org', websockets.port, {
      anchors,
      rules: [
        {
          ...{ name: null, prefix: '/live', service: 'echo', enableWebsockets: true },
          clientCertificate: { subjectMatches: [{ exact }] },
        },
      ],
    });
  await put('user.acme.org');
  const { status, closed } = await openWebsocket(fixture.edge, 'ws.example.org', '/live', user);
  expect(status).toBe('101');
  const began = performance.now();
  await put('admin.acme.org');
  await closed;
  expect(performance.now() - began).toBeLessThan(50_000);
});
