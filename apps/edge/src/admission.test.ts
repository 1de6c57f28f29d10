import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { OpensslCertificates } from './testing/openssl-certificates.ts';
import { curl, sClient } from './testing/openssl-client.ts';

let edge: EdgeFixture;
let clients: Record<string, ReturnType<OpensslCertificates['signed']>>;

beforeAll(async () => {
  edge = await startEdgeFixture();
  const openssl = new OpensslCertificates(edge.directory);
  const ca = openssl.selfSigned('A');
  const other = openssl.selfSigned('B');
  const intermediate = openssl.signed(ca, 'I', ['basicConstraints=critical,CA:TRUE']);
  clients = {
    right: openssl.signed(ca, 'client.acme.org'),
    'without EKU and SAN, v1': openssl.signed(ca, 'client.acme.org', []),
    'wrong CA': openssl.signed(other, 'client.acme.org'),
    expired: openssl.signed(ca, 'client.acme.org', [], -1),
    'serverAuth only': openssl.signed(ca, 'client.acme.org', ['extendedKeyUsage=serverAuth']),
    'self-signed': openssl.selfSigned('client.acme.org', ['subjectAltName=DNS:client.acme.org']),
    'through an intermediate that is not sent': openssl.signed(intermediate, 'client.acme.org'),
  };
  await edge.putHost('open.example');
  await edge.putHost('a.example', { anchors: [ca.cert] });
  await edge.putHost('partial.example', { anchors: [intermediate.cert] });
});
afterAll(() => edge.close());

function clientOf(name: string) {
  const certificate = clients[name];
  if (certificate === undefined) throw new Error(name);
  return certificate;
}

describe.each([
  ['TLS 1.2', 'TLSv1.2', ['--tls-max', '1.2'], 35],
  ['TLS 1.3', 'TLSv1.3', ['--tlsv1.3'], 56],
] as const)('%s', (_, version, args, exitWithout) => {
  test('an open host is served to everyone and asks for nothing', async () => {
    const { code, stdout } = await curl(edge, 'open.example', { args: [...args] });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      sni: 'open.example',
      protocol: 'h2',
      tlsVersion: version,
      fingerprint: null,
    });
  });

  test('a client without a certificate reads the alert', async () => {
    const { code, stderr } = await curl(edge, 'a.example', { args: [...args] });
    expect(code, stderr).toBe(exitWithout);
    expect(stderr).toMatch(version === 'TLSv1.3' ? /certificate required/ : /handshake failure/);
    expect(edge.log.at(-1)).toMatchObject({
      host: 'a.example',
      reason: 'certificate_missing',
      client: '127.0.0.1',
    });
  });

  test.each(['right', 'without EKU and SAN, v1'])('a certificate of the CA is let in: %s', async (name) => {
    for (const http of ['--http1.1', '--http2']) {
      const { code, stdout } = await curl(edge, 'a.example', {
        args: [...args, http],
        certificate: clientOf(name),
      });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) });
    }
  });

  test.each([
    ['wrong CA', 'certificate_untrusted'],
    ['expired', 'certificate_expired'],
    ['serverAuth only', 'certificate_purpose'],
    ['self-signed', 'certificate_self_signed'],
    ['through an intermediate that is not sent', 'certificate_untrusted'],
  ])('%s is refused as %s', async (name, reason) => {
    for (const http of ['--http1.1', '--http2']) {
      edge.log.length = 0;
      const { code } = await curl(edge, 'a.example', { args: [...args, http], certificate: clientOf(name) });
      expect(code).not.toBe(0);
      expect(edge.log).toContainEqual(
        expect.objectContaining({
          msg: 'client refused',
          reason,
          fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
        }),
      );
    }
  });

  test('a refused client is told of the end (close_notify), not cut off', async () => {
    const { cert, key } = clientOf('wrong CA');
    const output = await sClient(edge, 'a.example', [
      args.at(-1) === '1.2' ? '-tls1_2' : '-tls1_3',
      '-cert',
      cert,
      '-key',
      key,
    ]);
    expect(output).toContain('CONNECTED');
    expect(output).not.toMatch(/unexpected eof|errno/);
  });

  test('an intermediate alone may be the anchor', async () => {
    const certificate = clientOf('through an intermediate that is not sent');
    expect((await curl(edge, 'partial.example', { args: [...args], certificate })).code).toBe(0);
    expect(
      (await curl(edge, 'partial.example', { args: [...args], certificate: clientOf('right') })).code,
    ).not.toBe(0);
  });
});

const ALERT_RUNS = 200;

test('the alert reaches curl over HTTP/2 every time', async () => {
  const codes = new Set<number | null>();
  for (let run = 0; run < ALERT_RUNS; run += 1)
    codes.add((await curl(edge, 'a.example', { args: ['--http2'] })).code);
  expect([...codes]).toEqual([56]);
});
