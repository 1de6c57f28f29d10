import { createHash, generateKeyPairSync, type KeyObject, verify, X509Certificate } from 'node:crypto';
import { IDENTITY_KEYS } from '@postern/contracts';
import { sealerToEdge } from '@postern/pki';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CertificateFiles, OpensslCertificates, pemOf } from '../testing/openssl-certificates.ts';
import { type Seen, startEcho, type TestServer } from './testing/echo-upstream.ts';
import { type HttpFixture, startHttpFixture } from './testing/http-fixture.ts';
import { ask, openHttp2, sendRaw } from './testing/raw-client.ts';

const HOST = 'api.example.org';
const SECOND = 1_000;

let fixture: HttpFixture;
let echo: TestServer;
let client: CertificateFiles;
let anchors: string[];
/** Milliseconds that the edge's clock is ahead of this machine's. */
let ahead = 0;
const publicKeys = new Map<string, KeyObject>();

beforeAll(async () => {
  fixture = await startHttpFixture({ now: () => Date.now() + ahead });
  echo = await startEcho();
  const certificates = new OpensslCertificates(fixture.edge.directory);
  const authority = certificates.selfSigned('clients');
  anchors = [authority.cert];
  client = certificates.signed(authority, 'client.acme.org');
});
afterAll(async () => {
  await fixture.close();
  await echo.close();
});
beforeEach(async () => {
  // Whoever looks at the keys now and then looks again.
  ahead += 10 * SECOND;
  putKeys([{ id: 'k1' }]);
  await fixture.putHost(HOST, echo.port, {
    anchors,
    clientIdentity: { headers: 'none', jwt: { audience: 'https://orders', ttlSeconds: 30 } },
  });
});

interface KeyInput {
  readonly id: string;
  /** Milliseconds from the edge's present. */
  readonly signsIn?: number;
  readonly expiresIn?: number;
  readonly sealedAs?: string;
}

function putKeys(inputs: readonly KeyInput[]): void {
  const keys = inputs.map(({ id, signsIn = -SECOND, expiresIn = 3_600 * SECOND, sealedAs = id }) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    publicKeys.set(id, publicKey);
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' });
    const at = (offset: number) => new Date(Date.now() + ahead + offset).toISOString();
    return {
      ...{ id, x, y, createdAt: at(-SECOND), signsFrom: at(signsIn), expiresAt: at(expiresIn) },
      sealedKey: sealerToEdge(fixture.edge.edgeKey)(pkcs8, `edge-identity-key:${sealedAs}`),
    };
  });
  fixture.edge.put('identity-keys', IDENTITY_KEYS.id, { keys });
}

async function fieldsSeen(): Promise<Map<string, string[]>> {
  const { text } = await sendRaw(
    fixture.edge,
    HOST,
    `GET / HTTP/1.1\r\nHost: ${HOST}\r\nX-Client-Jwt: forged\r\nx_client_jwt: forged\r\nX-CLIENT.JWT: forged\r\nConnection: close, x-client-jwt\r\n\r\n`,
    { certificate: client },
  );
  expect(text).toMatch(/^HTTP\/1\.1 200 /);
  const { headers } = JSON.parse(/\{.*\}/s.exec(text)?.[0] ?? '') as Seen;
  const byName = Map.groupBy(headers, ([name]) => name);
  return new Map([...byName].map(([name, fields]) => [name, fields.map(([, value]) => value)]));
}

function readToken(token: string): { header: Record<string, unknown>; claims: Record<string, unknown> } {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const read = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  const key = publicKeys.get(String(read(header).kid));
  if (key === undefined) throw new Error('signed with a key that nobody knows');
  const isSigned = verify(
    'sha256',
    Buffer.from(`${header}.${claims}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  expect(isSigned).toBe(true);
  return { header: read(header), claims: read(claims) };
}

test('the service gets one signed token about the certificate, whatever the client sends under its name', async () => {
  const [token = '', ...more] = (await fieldsSeen()).get('x-client-jwt') ?? [];
  expect(more).toEqual([]);
  const { header, claims } = readToken(token);
  expect(header).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'k1' });
  const der = new X509Certificate(pemOf(client.cert)).raw;
  expect(claims).toMatchObject({
    iss: 'urn:postern:project:default',
    aud: 'https://orders',
    sub: 'CN=client.acme.org',
    cnf: { 'x5t#S256': createHash('sha256').update(der).digest('base64url') },
  });
  expect(Number(claims.exp) - Number(claims.iat)).toBe(30);
  expect(Math.abs(Number(claims.iat) * SECOND - Date.now() - ahead)).toBeLessThan(30 * SECOND);
});

test('a connection carries one token until half of its life has passed, over HTTP/2 as well', async () => {
  const session = openHttp2(fixture.edge, HOST, { certificate: client });
  const token = async () => {
    const { body } = await ask(session, [
      ...[':method', 'GET', ':scheme', 'https', ':authority', HOST, ':path', '/'],
      ...['x-client-jwt', 'forged'],
    ]);
    const tokens = (JSON.parse(body) as Seen).headers.filter(([name]) => name === 'x-client-jwt');
    expect(tokens).toHaveLength(1);
    return tokens[0]?.[1] ?? '';
  };
  const first = await token();
  expect(await token()).toBe(first);
  ahead += 20 * SECOND;
  const later = await token();
  session.destroy();
  expect(later).not.toBe(first);
  expect(Number(readToken(later).claims.exp)).toBeGreaterThan(Number(readToken(first).claims.exp));
});

test('a key that is only published does not sign yet, and one that has expired no more', async () => {
  putKeys([{ id: 'next', signsIn: 60 * SECOND }, { id: 'now' }, { id: 'gone', expiresIn: -SECOND }]);
  ahead += 10 * SECOND;
  const [token = ''] = (await fieldsSeen()).get('x-client-jwt') ?? [];
  expect(readToken(token).header.kid).toBe('now');
  ahead += 60 * SECOND;
  const [later = ''] = (await fieldsSeen()).get('x-client-jwt') ?? [];
  expect(readToken(later).header.kid).toBe('next');
});

test('without a key that can sign there is no token, and the service is told so', async () => {
  putKeys([{ id: 'k1', sealedAs: 'k2' }]);
  ahead += 10 * SECOND;
  const seen = await fieldsSeen();
  expect(seen.get('x-client-jwt')).toBeUndefined();
  expect(seen.get('x-client-omitted')).toEqual(['x-client-jwt']);
});
