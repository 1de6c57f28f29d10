import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OpensslCertificates } from '../testing/openssl-certificates.ts';
import { curl } from '../testing/openssl-client.ts';
import { startEcho, startHttp2Echo, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, get, openHttp2, sendRaw } from './testing/raw-client.ts';

let fixture: HttpFixture;
let echo: TestServer;
let http2Echo: TestServer;
let port: number;
beforeAll(async () => {
  fixture = await startHttpFixture();
  echo = await startEcho();
  http2Echo = await startHttp2Echo();
  port = echo.port;
  await fixture.putHost('shop.example.org', port);
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
  await http2Echo.close();
});

test.each(['--http1.1', '--http2'])(
  'a request goes to the service and its answer comes back (%s)',
  async (version) => {
    const { code, stdout } = await curl(fixture.edge, 'shop.example.org', {
      args: [version, '-i'],
      path: '/a//b?c=d',
    });
    expect(code).toBe(0);
    expect(stdout).toMatch(/^HTTP\/(1\.1|2) 200/);
    expect(stdout.toLowerCase()).toContain('server: postern');
    expect(stdout).toMatch(/x-postern-upstream-ms: \d+/);
    const described = JSON.parse(stdout.slice(stdout.indexOf('{'))) as { headers: string[][] };
    expect(described).toMatchObject({ method: 'GET', path: '/a//b?c=d' });
    const headers = new Map(described.headers.map(([name, value]) => [name?.toLowerCase(), value]));
    expect(headers.get('x-forwarded-for')).toBe('127.0.0.1');
    expect(headers.get('x-forwarded-proto')).toBe('https');
    expect(headers.get('x-forwarded-host')).toBe('shop.example.org');
    expect(headers.get('x-forwarded-port')).toBe('443');
    expect(headers.get('host')).toBe('shop.example.org');
  },
);

test.each([
  ['a target over 16 KiB', `GET /${'a'.repeat(16 * 1024)} HTTP/1.1`, 414, 'target_too_long'],
  ['a version of the future', 'GET / HTTP/3.0', 505, 'http_version_not_supported'],
])('%s is answered with its own problem, and the connection ends', async (_name, line, status, code) => {
  const request = `${line}\r\nHost: shop.example.org\r\n\r\n`;
  const { text, closed } = await sendRaw(fixture.edge, 'shop.example.org', request.repeat(2));
  expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(text).toContain(`"code":"${code}"`);
  expect(text.match(/^HTTP\/1\.1 /gm)).toHaveLength(1);
  expect(closed).toBe(true);
});

test('an h2c service is served over HTTP/1.1 and HTTP/2', async () => {
  await fixture.putHost('h2c.example.org', http2Echo.port, { protocol: 'h2c' });
  for (const version of ['--http1.1', '--http2']) {
    const { stdout } = await curl(fixture.edge, 'h2c.example.org', {
      args: [version, '-d', 'hello'],
      path: '/x',
    });
    expect(JSON.parse(stdout)).toMatchObject({ method: 'POST', path: '/x', bodyBytes: 5 });
  }
});

test('an admitted client is told to the service, and one whose subject is not allowed gets a 403 problem with the reason', async () => {
  const certificates = new OpensslCertificates(fixture.edge.directory);
  const authority = certificates.selfSigned('clients');
  const client = certificates.signed(authority, 'client.acme.org');
  await fixture.putHost('mtls.example.org', port, {
    anchors: [authority.cert],
    subjectMatches: [{ hasSuffix: '.acme.org' }],
  });
  for (const version of ['--http1.1', '--http2']) {
    const { stdout } = await curl(fixture.edge, 'mtls.example.org', { certificate: client, args: [version] });
    const seen = JSON.parse(stdout) as { headers: string[][] };
    const field = new Map(seen.headers.map(([name, value]) => [name, value])).get('client-cert') ?? '';
    expect(field).toMatch(/^:[A-Za-z0-9+/=]+:$/);
    expect(new X509Certificate(Buffer.from(field.slice(1, -1), 'base64')).subject).toBe('CN=client.acme.org');
  }
  await fixture.putHost('mtls.example.org', port, {
    anchors: [authority.cert],
    subjectMatches: [{ exact: 'other.org' }],
  });
  for (const version of ['--http1.1', '--http2']) {
    const refused = await curl(fixture.edge, 'mtls.example.org', {
      certificate: client,
      args: [version, '-i'],
    });
    expect(refused.stdout).toMatch(/^HTTP\/(1\.1|2) 403/);
    expect(JSON.parse(refused.stdout.slice(refused.stdout.indexOf('{')))).toMatchObject({
      code: 'client_certificate_refused',
      reason: 'subject_not_allowed',
    });
  }
});

test('a matcher that changes is obeyed by the next request of an open connection', async () => {
  const certificates = new OpensslCertificates(fixture.edge.directory);
  const authority = certificates.selfSigned('clients');
  const client = certificates.signed(authority, 'a.acme.org');
  await fixture.putHost('live.example.org', port, {
    anchors: [authority.cert],
    subjectMatches: [{ exact: 'a.acme.org' }],
  });
  const session = openHttp2(fixture.edge, 'live.example.org', { certificate: client });
  expect((await ask(session, get('live.example.org'))).status).toBe(200);
  await fixture.putHost('live.example.org', port, {
    anchors: [authority.cert],
    subjectMatches: [{ exact: 'b.acme.org' }],
  });
  const after = await ask(session, get('live.example.org')).catch(() => ({ status: 0 }));
  expect(after.status).not.toBe(200);
  session.destroy();
});

test('every request leaves one access log entry without its query', async () => {
  fixture.entries.length = 0;
  await curl(fixture.edge, 'shop.example.org', { path: '/log?token=secret', args: ['-d', 'abc'] });
  expect(fixture.entries).toHaveLength(1);
  expect(fixture.entries[0]).toMatchObject({
    host: 'shop.example.org',
    route: 'route',
    rule: '/',
    service: 'echo',
    target: `http://127.0.0.1:${port}`,
    method: 'POST',
    path: '/log',
    status: 200,
    bytesIn: 3,
    clientAddress: '127.0.0.1',
    code: null,
    aborted: false,
  });
  expect(JSON.stringify(fixture.entries)).not.toContain('secret');
});
