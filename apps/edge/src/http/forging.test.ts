import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CertificateFiles, OpensslCertificates } from '../testing/openssl-certificates.ts';
import { type Seen, startEcho, startHttp2Echo, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, openHttp2, sendRaw } from './testing/raw-client.ts';

let fixture: HttpFixture;
let echo: TestServer;
let http2Echo: TestServer;
let client: CertificateFiles;
const HOSTS = ['open.example.org', 'open-h2c.example.org', 'mtls.example.org'];

beforeAll(async () => {
  fixture = await startHttpFixture();
  echo = await startEcho();
  http2Echo = await startHttp2Echo();
  const certificates = new OpensslCertificates(fixture.edge.directory);
  const authority = certificates.selfSigned('clients');
  client = certificates.signed(authority, 'client.acme.org');
  await fixture.putHost('open.example.org', echo.port);
  await fixture.putHost('open-h2c.example.org', http2Echo.port, { protocol: 'h2c' });
  await fixture.putHost('mtls.example.org', echo.port, { anchors: [authority.cert] });
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
  await http2Echo.close();
});

const FORGED: readonly (readonly [string, string])[] = [
  ['Client-Cert', ':Zm9yZ2Vk:'],
  ['client-cert', ':Zm9yZ2Vk:'],
  ['CLIENT-CERT', ':Zm9yZ2Vk:'],
  ['Client_Cert', ':Zm9yZ2Vk:'],
  ['Client.Cert', ':Zm9yZ2Vk:'],
  ['Client-Cert-Chain', ':Zm9yZ2Vk:'],
  ['X-Forwarded-For', 'forged'],
  ['X_Forwarded_For', 'forged'],
  ['x-Forwarded_for', 'forged'],
  ['X-Forwarded-Client-Cert', 'forged'],
  ['X-Forwarded-User', 'forged'],
  ['X-Forwarded', 'forged'],
  ['Forwarded', 'for=forged'],
  ['X-Real-IP', 'forged'],
  ['X-SSL-Client-Cert', 'forged'],
  ['X_SSL_Client_Verify', 'forged'],
  ['X-Client-DN', 'forged'],
  ['X-Client-Cert', 'forged'],
  ['SSL_CLIENT_S_DN', 'forged'],
  ['X-Amzn-Mtls-Clientcert-Subject', 'forged'],
  ['X-ARR-ClientCert', 'forged'],
  ['X-ClientCert', 'forged'],
  ['X-Original-URL', '/forged'],
  ['X-Rewrite-URL', '/forged'],
  ['Some_Name', 'forged'],
];
const NOMINATED = 'x-forwarded-for, client-cert, x-forwarded-proto, client-cert-chain, host';

function checkSeen(body: string, host: string): void {
  const seen = JSON.parse(body) as Seen;
  const all = [...seen.headers, ...seen.trailers];
  expect(all.filter(([, value]) => /forged|Zm9yZ2Vk/.test(value))).toEqual([]);
  const valuesOf = (name: string) => all.filter(([key]) => key === name).map(([, value]) => value);
  expect(valuesOf('x-forwarded-for')).toEqual(['127.0.0.1']);
  expect(valuesOf('x-forwarded-proto')).toEqual(['https']);
  expect(valuesOf('client-cert')).toHaveLength(host.startsWith('mtls') ? 1 : 0);
  expect(valuesOf('x-honest')).toEqual(['kept']);
}

describe.each(HOSTS)('on %s', (host) => {
  const shown = () => (host.startsWith('mtls') ? { certificate: client } : {});

  test('no spelling of an identity field reaches the service over HTTP/1.1, also in trailers and nominated', async () => {
    const lines = FORGED.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    const { text } = await sendRaw(
      fixture.edge,
      host,
      `POST / HTTP/1.1\r\nHost: ${host}\r\n${lines}X-Honest: kept\r\nConnection: close, ${NOMINATED}\r\n` +
        `Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n${lines}Authorization: forged\r\n\r\n`,
      shown(),
    );
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    checkSeen(/\{.*\}/s.exec(text)?.[0] ?? '', host);
  });

  test('no spelling of an identity field reaches the service over HTTP/2, also in trailers', async () => {
    const session = openHttp2(fixture.edge, host, shown());
    const fields = [
      ...[':method', 'POST', ':scheme', 'https', ':authority', host, ':path', '/'],
      ...FORGED.flatMap(([name, value]) => [name.toLowerCase(), value]),
      ...['x-honest', 'kept'],
    ];
    const answer = await new Promise<string>((resolve) => {
      const stream = session.request(fields, { waitForTrailers: true });
      stream.on('wantTrailers', () => {
        stream.sendTrailers(Object.fromEntries(FORGED.map(([name, value]) => [name.toLowerCase(), value])));
      });
      let text = '';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      stream.on('close', () => resolve(text));
      stream.end('hi');
    });
    session.destroy();
    checkSeen(answer, host);
  });
});

test('trailers that claim nothing and are of no hop are passed on to HTTP/1.1 and HTTP/2 services', async () => {
  for (const host of ['open.example.org', 'open-h2c.example.org']) {
    const { text } = await sendRaw(
      fixture.edge,
      host,
      `POST / HTTP/1.1\r\nHost: ${host}\r\nTransfer-Encoding: chunked\r\nConnection: close, x-hop\r\n\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\nX-Hop: 1\r\n\r\n`,
    );
    expect((JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '') as Seen).trailers).toEqual([['x-sum', '7']]);
  }
});

test('cookies that HTTP/2 splits arrive as one field', async () => {
  const session = openHttp2(fixture.edge, 'open.example.org');
  const { body } = await ask(session, [
    ...[':method', 'GET', ':scheme', 'https', ':authority', 'open.example.org', ':path', '/'],
    ...['cookie', 'a=1', 'cookie', 'b=2'],
  ]);
  session.destroy();
  const { headers } = JSON.parse(body) as Seen;
  expect(headers.filter(([name]) => name === 'cookie')).toEqual([['cookie', 'a=1; b=2']]);
});
