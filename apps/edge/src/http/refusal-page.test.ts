import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import { startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, openHttp2, sendRaw } from './testing/raw-client.ts';

const HOST = 'page.example.org';
const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

let fixture: HttpFixture;
let echo: TestServer;
let good: CertificateFiles;
let stranger: CertificateFiles;
let expired: CertificateFiles;
let wrongName: CertificateFiles;

beforeAll(async () => {
  fixture = await startHttpFixture();
  echo = await startEcho();
  const certificates = new OpensslCertificates(fixture.edge.directory);
  const authority = certificates.selfSigned('clients');
  const other = certificates.selfSigned('<script>alert(1)<\\/script>"&\'');
  good = certificates.signed(authority, 'client.acme.org');
  wrongName = certificates.signed(authority, 'evil.example');
  expired = certificates.signed(authority, 'client.acme.org', undefined, -1);
  stranger = certificates.signed(other, 'client.acme.org');
  await fixture.putHost(HOST, echo.port, {
    anchors: [authority.cert],
    subjectMatches: [{ exact: 'client.acme.org' }],
    cors: { allowOrigins: ['*'] },
    httpBasic: { realm: 'x', passwordHashes: { a: `sha256:${'A'.repeat(43)}=` } },
    websockets: true,
    tellUntrusted: true,
  });
  await fixture.putHost('closing.example.org', echo.port, { anchors: [authority.cert] });
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
});
beforeEach(() => {
  fixture.edge.log.length = 0;
  fixture.entries.length = 0;
});

function get(path: string, accept: string, more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: ${HOST}\r\nAccept: ${accept}\r\n${more}\r\n`;
}
function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

test('no certificate, a stranger and an expired one are answered 403 with the reason, and the connection ends', async () => {
  const cases = [
    [undefined, 'certificate_missing'],
    [stranger, 'certificate_untrusted'],
    [expired, 'certificate_expired'],
  ] as const;
  for (const [certificate, reason] of cases) {
    const shown = certificate === undefined ? {} : { certificate };
    const { text, closed } = await sendRaw(fixture.edge, HOST, get('/', '*/*'), shown);
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
    expect(text.toLowerCase()).toContain('\r\nconnection: close\r\n');
    expect(closed).toBe(true);
    const problem = JSON.parse(bodyOf(text)) as Record<string, unknown>;
    expect(problem).toMatchObject({ status: 403, code: 'client_certificate_refused', reason });
    const line = fixture.edge.log.findLast(({ msg }) => msg === 'client refused');
    expect(line).toMatchObject({ host: HOST, reason });
    expect(problem.refusal).toBe(line?.refusal);
    expect(typeof problem.refusal).toBe('string');
  }
  expect(fixture.entries).toEqual([]);
});

test('who asks for HTML gets a page that loads nothing and in which no name of the certificate is markup', async () => {
  const { text } = await sendRaw(fixture.edge, HOST, get('/', HTML), { certificate: stranger });
  expect(text).toMatch(/^HTTP\/1\.1 403 /);
  expect(text).toMatch(/\r\ncontent-type: text\/html; charset=utf-8\r\n/i);
  expect(text).toMatch(/\r\ncontent-security-policy: default-src 'none'; style-src 'sha256-[^']+'; /i);
  expect(text).toMatch(/\r\nx-content-type-options: nosniff\r\n/i);
  const page = bodyOf(text);
  expect(page).not.toContain('<script');
  expect(page).toContain('\\&lt;script\\&gt;alert(1)\\&lt;/script\\&gt;');
  expect(page).not.toMatch(/\b(src|href|action|onload)=|url\(|@import/);
  const line = fixture.edge.log.findLast(({ msg }) => msg === 'client refused');
  expect(page).toContain(String(line?.refusal));
});

test.each([
  ['application/problem+json', false],
  ['application/json', false],
  ['*/*', false],
  ['text/html;q=0', false],
  ['text/html;q=0.3, application/json', false],
  ['text/html, application/json;q=0.9', true],
  ['TEXT/HTML', true],
])('Accept: %s is answered with a page: %j', async (accept, isPage) => {
  const { text } = await sendRaw(fixture.edge, HOST, get('/', accept));
  expect(/content-type: text\/html/i.test(text)).toBe(isPage);
});

test('nothing else of the route is reachable: no preflight, no challenge, no upgrade, no other path, no second request', async () => {
  const before = fixture.entries.length;
  const requests = [
    `OPTIONS / HTTP/1.1\r\nHost: ${HOST}\r\nOrigin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n\r\n`,
    `OPTIONS * HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    get(
      '/',
      '*/*',
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n',
    ),
    get('/a/../b', '*/*', 'Origin: https://a.example\r\nAuthorization: Basic YTo=\r\n'),
    `GET / HTTP/1.1\r\nHost: other.example.org\r\n\r\n`,
    `POST / HTTP/1.1\r\nHost: ${HOST}\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    `CONNECT ${HOST}:443 HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`,
    get('/', '*/*') + get('/second', '*/*'),
  ];
  for (const request of requests) {
    const options = { certificate: stranger, waitMs: 20_000 };
    const { text, closed } = await sendRaw(fixture.edge, HOST, request, options);
    expect(text).toMatch(/^HTTP\/1\.1 403 /);
    expect(text.match(/HTTP\/1\.1 /g)).toHaveLength(1);
    expect(text).not.toMatch(/access-control|www-authenticate|location:/i);
    expect(closed).toBe(true);
  }
  const head = await sendRaw(fixture.edge, HOST, `HEAD / HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`);
  expect(head.text).toMatch(/^HTTP\/1\.1 403 /);
  expect(bodyOf(head.text)).toBe('');
  expect(fixture.entries.slice(before)).toEqual([]);
});

test('over HTTP/2 no stream gets more than the refusal, and the session ends', async () => {
  const session = openHttp2(fixture.edge, HOST, { certificate: stranger });
  const ended = new Promise((resolve) => session.once('close', resolve));
  const request = (path: string) =>
    ask(session, [
      ...[':method', 'GET', ':scheme', 'https', ':authority', HOST, ':path', path],
      'accept',
      HTML,
    ]);
  const [first, ...others] = await Promise.all(['/', '/other', '/third'].map(request));
  expect(first?.status).toBe(403);
  expect(first?.body).toContain('<h1>');
  // Refused before anything was done (RFC 9113 section 8.7), or told the same.
  for (const { status, rstCode } of others) expect(status === 403 || rstCode === 7).toBe(true);
  await ended;
  expect(fixture.entries).toEqual([]);
});

test('a client that is refused resumes nothing, neither as itself nor beside an admitted one', async () => {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const sessions: Buffer[] = [];
    const open = (session?: Buffer, certificate?: CertificateFiles) =>
      new Promise<string>((resolve, reject) => {
        const socket = connectTls({
          ...{ host: '127.0.0.1', port: fixture.edge.port, servername: HOST, maxVersion },
          ca: pemOf(fixture.edge.serverCa),
          ...(session === undefined ? {} : { session }),
          ...(certificate === undefined
            ? {}
            : { cert: pemOf(certificate.cert), key: pemOf(certificate.key) }),
        });
        let text = '';
        socket.on('session', (given: Buffer) => sessions.push(given));
        socket.on('data', (chunk) => {
          text += chunk.toString('latin1');
        });
        socket.once('error', reject);
        socket.once('end', () => resolve(`${socket.isSessionReused()} ${text.slice(0, 12)}`));
        socket.write(get('/', '*/*', 'Connection: close\r\n'));
      });
    expect(await open()).toBe('false HTTP/1.1 403');
    for (const session of sessions.splice(0)) {
      expect(await open(session)).toBe('false HTTP/1.1 403');
      expect(await open(session, stranger)).toBe('false HTTP/1.1 403');
    }
  }
});

test('clients that are trusted meet the route as ever, and other hosts close as ever', async () => {
  const authorised = await sendRaw(fixture.edge, HOST, get('/', '*/*', 'Connection: close\r\n'), {
    certificate: good,
  });
  expect(authorised.text).toMatch(/^HTTP\/1\.1 401 /);
  const named = await sendRaw(fixture.edge, HOST, get('/', '*/*', 'Connection: close\r\n'), {
    certificate: wrongName,
  });
  expect(named.text).toMatch(/^HTTP\/1\.1 403 /);
  expect(named.text).toContain('subject_not_allowed');
  const closing = sendRaw(fixture.edge, 'closing.example.org', get('/', HTML), { certificate: stranger });
  expect((await closing.catch(() => ({ text: '' }))).text).toBe('');
});

test('connections of refused clients that say nothing do not stay', async () => {
  const hurried = await startHttpFixture({ pace: { headTimeoutMs: 300 } });
  const certificates = new OpensslCertificates(hurried.edge.directory);
  const anchors = [certificates.selfSigned('clients').cert];
  await hurried.putHost(HOST, echo.port, { anchors, tellUntrusted: true });
  const session = openHttp2(hurried.edge, HOST);
  const began = performance.now();
  await new Promise((resolve) => session.once('close', resolve));
  expect(performance.now() - began).toBeLessThan(30_000);
  await hurried.close();
});
