import { createHash, X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { type Challenge, challengeId, hostname } from '@postern/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type HttpFixture, startHttpFixture } from '../http/testing/http-fixture.ts';
import { runCommand, sClient } from '../testing/openssl-client.ts';

const KEY_AUTHORIZATION =
  'tokentokentokentokentokentokentokentokentok.thumbthumbthumbthumbthumbthumbthumbthumb';
const TOKEN = KEY_AUTHORIZATION.split('.')[0] ?? '';
/** id-pe-acmeIdentifier, critical, an OCTET STRING of 32 bytes inside an OCTET STRING: DER without the digest. */
const ACME_EXTENSION = '06082b0601050507011f0101ff042204 20'.replace(' ', '');

let clock: number;
let http: HttpFixture;
let otherPort: number;

beforeAll(async () => {
  clock = Date.now();
  http = await startHttpFixture({ now: () => clock });
  otherPort = await http.edge.addWorker();
  await http.putHost('plain.test', 1);
  await http.putHost('mtls.test', 1, { anchors: [http.edge.serverCa] });
  await http.putHost('pending.test', 1, { certificate: null });
  await http.putHost('*.wild.test', 1);
});
afterAll(() => http.close());

function put(
  type: Challenge['type'],
  host: string,
  more: { token?: string; expiresAt?: number } = {},
): string {
  const { token = TOKEN, expiresAt = clock + 60_000 } = more;
  const common = { host: hostname.parse(host), keyAuthorization: KEY_AUTHORIZATION, expiresAt };
  const challenge: Challenge = type === 'http-01' ? { type, ...common, token } : { type, ...common };
  http.edge.put('challenge', challengeId(challenge), challenge);
  return challengeId(challenge);
}

const alpn = (host: string, args: readonly string[] = [], port = http.edge.port) =>
  sClient({ port }, host, ['-alpn', 'acme-tls/1', ...args]);

/** What `sClient` printed of the certificate, as X.509; undefined where the handshake ended before one came. */
function certificateIn(printed: string): X509Certificate | undefined {
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(printed)?.[0];
  return pem === undefined ? undefined : new X509Certificate(pem);
}

describe('tls-alpn-01', () => {
  test.each([
    ['a host that is served', 'plain.test', '-tls1_3'],
    ['a host that is served, in TLS 1.2', 'plain.test', '-tls1_2'],
    ['a host that demands client certificates', 'mtls.test', '-tls1_3'],
    ['a host that demands client certificates, in TLS 1.2', 'mtls.test', '-tls1_2'],
    ['a host without a certificate', 'pending.test', '-tls1_3'],
    ['a name that no route serves', 'unserved.test', '-tls1_3'],
  ])(
    '%s answers with the certificate of the challenge, asks for none and serves nothing',
    async (_, host, version) => {
      const id = put('tls-alpn-01', host);
      const printed = await alpn(host, [version]);
      http.edge.put('challenge', id, null);
      expect(printed).toContain('ALPN protocol: acme-tls/1');
      expect(printed).toContain('No client certificate CA names sent');
      expect(printed).not.toContain('HTTP/1.1');
      const certificate = certificateIn(printed);
      expect(certificate?.subjectAltName).toBe(`DNS:${host}`);
      expect(certificate?.verify(certificate.publicKey)).toBe(true);
      const digest = createHash('sha256').update(KEY_AUTHORIZATION).digest('hex');
      expect(certificate?.raw.toString('hex')).toContain(ACME_EXTENSION + digest);
    },
  );

  test('every worker answers, from the replica alone', async () => {
    const id = put('tls-alpn-01', 'plain.test');
    for (const port of [http.edge.port, otherPort])
      expect(await alpn('plain.test', [], port)).toContain('ALPN protocol: acme-tls/1');
    http.edge.put('challenge', id, null);
  });

  test('another challenge of the same host is answered by its own certificate', async () => {
    const id = put('tls-alpn-01', 'plain.test');
    const first = certificateIn(await alpn('plain.test'));
    const same = certificateIn(await alpn('plain.test'));
    http.edge.put('challenge', id, {
      type: 'tls-alpn-01',
      host: 'plain.test',
      keyAuthorization: 'another.one',
      expiresAt: clock + 60_000,
    });
    const next = certificateIn(await alpn('plain.test'));
    http.edge.put('challenge', id, null);
    expect(same?.fingerprint256).toBe(first?.fingerprint256);
    expect(next?.raw.toString('hex')).toContain(createHash('sha256').update('another.one').digest('hex'));
  });

  test('no handshake comes about without a challenge for exactly this host that still holds', async () => {
    const refused = async (host: string, args?: readonly string[]) => {
      const printed = await alpn(host, args);
      expect(printed).toMatch(/alert no application protocol/);
      expect(certificateIn(printed)).toBeUndefined();
    };
    for (const host of ['plain.test', 'mtls.test', 'pending.test', 'unserved.test']) await refused(host);
    // That of another host, and one that only the wildcard covers.
    const ids = [put('tls-alpn-01', 'mtls.test'), put('tls-alpn-01', '*.wild.test')];
    await refused('plain.test');
    await refused('a.wild.test');
    // Expired.
    ids.push(put('tls-alpn-01', 'plain.test', { expiresAt: clock }));
    await refused('plain.test');
    // A change that holds something else than it says, and one that cannot be read.
    http.edge.put('challenge', 'tls-alpn-01:plain.test', {
      type: 'tls-alpn-01',
      host: 'mtls.test',
      keyAuthorization: KEY_AUTHORIZATION,
      expiresAt: clock + 60_000,
    });
    await refused('plain.test');
    http.edge.put('challenge', 'tls-alpn-01:plain.test', { type: 'tls-alpn-01' });
    await refused('plain.test');
    for (const id of ids) http.edge.put('challenge', id, null);
  });

  test('acme-tls/1 beside other protocols is refused, on open hosts and on those that demand certificates', async () => {
    const ids = ['plain.test', 'mtls.test'].map((host) => put('tls-alpn-01', host));
    for (const host of ['plain.test', 'mtls.test']) {
      for (const protocols of [
        'acme-tls/1,h2',
        'h2,acme-tls/1',
        'http/1.1,acme-tls/1',
        'acme-tls/1,acme-tls/1',
      ]) {
        const printed = await sClient(http.edge, host, ['-alpn', protocols]);
        expect(printed).toMatch(/alert no application protocol/);
        expect(certificateIn(printed)).toBeUndefined();
      }
    }
    for (const id of ids) http.edge.put('challenge', id, null);
  });

  test('what a challenge has opened is no session for the host', async () => {
    const id = put('tls-alpn-01', 'mtls.test');
    const file = join(http.edge.directory, 'acme-session.pem');
    for (const version of ['-tls1_2', '-tls1_3']) {
      const printed = await alpn('mtls.test', [version, '-sess_out', file]);
      expect(printed).toContain('ALPN protocol: acme-tls/1');
      const resumed = await sClient(http.edge, 'mtls.test', [version, '-sess_in', file]);
      expect(resumed).not.toMatch(/Reused|HTTP\/1\.1 200/);
    }
    http.edge.put('challenge', id, null);
  });
});

describe('http-01', () => {
  const ask = (host: string, path: string, args: readonly string[] = []) =>
    runCommand('curl', [
      '--silent',
      '--show-error',
      '--include',
      '--path-as-is',
      '--max-time',
      '60',
      ...args,
      '--header',
      `Host: ${host}`,
      `http://127.0.0.1:${http.edge.httpPort}${path}`,
    ]).then(({ stdout }) => stdout);
  const path = `/.well-known/acme-challenge/${TOKEN}`;

  test.each(['plain.test', 'mtls.test', 'pending.test', 'unserved.test'])(
    '%s answers a token with its key authorization, before any redirect',
    async (host) => {
      const id = put('http-01', host);
      const answer = await ask(host, path);
      expect(answer).toMatch(/^HTTP\/1\.1 200 /);
      expect(answer.split('\r\n\r\n')[1]).toBe(KEY_AUTHORIZATION);
      expect(await ask(`${host.toUpperCase()}:80`, path)).toContain(KEY_AUTHORIZATION);
      const head = await ask(host, path, ['--head']);
      expect(head).toMatch(/^HTTP\/1\.1 200 /);
      expect(head).toContain(`content-length: ${KEY_AUTHORIZATION.length}`);
      http.edge.put('challenge', id, null);
    },
  );

  test('nothing else is answered so: other hosts, other methods, other spellings of the path, expired and removed ones', async () => {
    const id = put('http-01', 'plain.test');
    const redirected = async (host: string, asked: string, args?: readonly string[]) => {
      const answer = await ask(host, asked, args);
      expect(answer).toMatch(/^HTTP\/1\.1 (308|400|421) /);
      expect(answer).not.toContain(KEY_AUTHORIZATION);
    };
    await redirected('mtls.test', path);
    await redirected('unserved.test', path);
    await redirected('a.plain.test', path);
    for (const method of ['POST', 'PUT', 'OPTIONS', 'DELETE'])
      await redirected('plain.test', path, ['-X', method]);
    for (const spelling of [
      `${path}/`,
      `${path}?x`,
      `/${path}`,
      `/.well-known/acme-challenge/../acme-challenge/${TOKEN}`,
      `/.well-known/acme-challenge/./${TOKEN}`,
      `/.well-known/acme-challenge/%74${TOKEN.slice(1)}`,
      `/.WELL-KNOWN/acme-challenge/${TOKEN}`,
      `/.well-known/acme-challenge/`,
      `/.well-known/acme-challenge/${TOKEN.toUpperCase()}`,
      '/.well-known/acme-challenge/..%2f..%2fetc%2fpasswd',
      '/.well-known/acme-challenge/http-01:x',
    ])
      await redirected('plain.test', spelling);
    put('http-01', 'plain.test', { expiresAt: clock });
    await redirected('plain.test', path);
    http.edge.put('challenge', id, null);
    await redirected('plain.test', path);
  });

  test('a token that a tls-alpn-01 challenge has is no answer here', async () => {
    const id = put('tls-alpn-01', 'plain.test');
    expect(await ask('plain.test', path)).toMatch(/^HTTP\/1\.1 308 /);
    http.edge.put('challenge', id, null);
  });
});
