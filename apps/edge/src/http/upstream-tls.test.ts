import { readFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { parseCertificatesPem, trustBundleOf } from '@postern/pki';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import { curl } from '../testing/openssl-client.ts';
import { listenOn, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, openHttp2 } from './testing/raw-client.ts';

let fixture: HttpFixture;
let good: TestServer;
let demanding: TestServer;
let h2: TestServer;
let client: CertificateFiles;
const certificateFor = (files: CertificateFiles) => ({
  cert: readFileSync(files.cert),
  key: readFileSync(files.key),
});

beforeAll(async () => {
  fixture = await startHttpFixture();
  const certificates = new OpensslCertificates(fixture.edge.directory);
  const authority = certificates.selfSigned('upstream CA');
  const other = certificates.selfSigned('other CA');
  const server = certificates.signed(authority, 'localhost', ['subjectAltName=DNS:localhost']);
  client = certificates.signed(authority, 'edge');
  const bundleOf = (files: CertificateFiles) => {
    const parsed = parseCertificatesPem(pemOf(files.cert), { pointer: '' });
    if (!parsed.ok) throw new Error('no certificate');
    return trustBundleOf(parsed.certificates);
  };
  fixture.bundles.set('right', bundleOf(authority));
  fixture.bundles.set('wrong', bundleOf(other));
  fixture.certificates.set('client', { chainPem: pemOf(client.cert), keyPem: pemOf(client.key) });
  const answer: Parameters<typeof createServer>[1] = (request, response) => {
    const socket = request.socket as TLSSocket & { servername?: string };
    response.end(`${String(socket.servername)} ${socket.getPeerCertificate().subject?.CN ?? 'nobody'}`);
  };
  good = await listenOn(createServer(certificateFor(server), answer));
  demanding = await listenOn(
    createServer(
      {
        ...certificateFor(server),
        requestCert: true,
        rejectUnauthorized: true,
        ca: readFileSync(authority.cert),
      },
      answer,
    ),
  );
  const http2Server = createSecureServer(certificateFor(server));
  http2Server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.end(`h2 ${String(headers[':authority'])}`);
  });
  h2 = await listenOn(http2Server);
});
afterAll(async () => {
  await fixture.close();
  await good.close();
  await demanding.close();
  await h2.close();
});

async function answerOf(port: number, upstream: object, host = 'localhost'): Promise<string> {
  await fixture.putHost('tls.example.org', port, {
    upstream: { targets: [{ protocol: 'https', host, port }], ...upstream },
  });
  return (await curl(fixture.edge, 'tls.example.org')).stdout;
}

test('an https target is trusted through the CA of the service, by the name of the target', async () => {
  expect(await answerOf(good.port, { trustBundle: 'right' })).toBe('localhost nobody');
});

test.each([
  ['another CA', { trustBundle: 'wrong' }, 'localhost'],
  ['the public roots only', { trustBundle: null }, 'localhost'],
  ['a CA that the edge does not have', { trustBundle: 'missing' }, 'localhost'],
  [
    'a client certificate that the edge does not have',
    { trustBundle: 'right', clientCertificate: 'missing' },
    'localhost',
  ],
  ['a name that the certificate does not hold', { trustBundle: 'right' }, '127.0.0.1'],
])('with %s it is 502 upstream_tls_failed', async (_name, upstream, host) => {
  expect(await answerOf(good.port, upstream, host)).toContain('upstream_tls_failed');
});

test('a CA or client certificate that is missing is not made up for by the public roots', async () => {
  const missing = await answerOf(good.port, { trustBundle: 'missing' });
  expect(missing).toContain('the CA that the service names is not usable');
  const nobody = await answerOf(good.port, { trustBundle: 'right', clientCertificate: 'missing' });
  expect(nobody).toContain('the client certificate that the service names is not usable');
});

test('the client certificate of the service is shown where the target demands one', async () => {
  expect(await answerOf(demanding.port, { trustBundle: 'right', clientCertificate: 'client' })).toBe(
    'localhost edge',
  );
  expect(await answerOf(demanding.port, { trustBundle: 'right' })).toContain('upstream_tls_failed');
});

test('a CA that is replaced counts from the next request on, pooled connections or not', async () => {
  expect(await answerOf(good.port, { trustBundle: 'right' })).toBe('localhost nobody');
  const right = fixture.bundles.get('right');
  const wrong = fixture.bundles.get('wrong');
  if (right === undefined || wrong === undefined) throw new Error('no bundles');
  fixture.bundles.set('right', wrong);
  expect((await curl(fixture.edge, 'tls.example.org')).stdout).toContain('upstream_tls_failed');
  fixture.bundles.set('right', right);
});

test('hostHeader target sends the name of the target', async () => {
  await fixture.putHost('grpcs.example.org', 1, {
    upstream: {
      targets: [{ protocol: 'https', host: 'localhost', port: h2.port }],
      trustBundle: 'right',
      hostHeader: 'target',
    },
  });
  const session = openHttp2(fixture.edge, 'grpcs.example.org');
  const fields = [
    ':method',
    'POST',
    ':scheme',
    'https',
    ':authority',
    'grpcs.example.org',
    ':path',
    '/x',
    'content-type',
    'application/grpc',
  ];
  expect((await ask(session, fields, 'hi')).body).toBe(`h2 localhost:${h2.port}`);
  session.destroy();
});
