import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { expect, test } from 'vitest';
import { openOpensslFolder } from '../testing/openssl.ts';
import { parseCaSecret } from './ca-secret.ts';
import { coversHost } from './host-coverage.ts';
import { createLocalAuthority, issueServerCertificate } from './local-authority.ts';
import { parseTlsSecret } from './tls-secret.ts';

const DAY_MS = 86_400_000;
const now = Date.now();

test('the authority is a CA by our own rules, and openssl verifies what it issues for exact and wildcard hosts', async () => {
  using folder = openOpensslFolder();
  const authority = await createLocalAuthority({ name: 'Postern local CA', now });
  const ca = parseCaSecret(authority.certPem, { pointer: '', now });
  expect(ca).toMatchObject({ ok: true, secret: { warnings: [] } });
  if (!ca.ok) return;
  expect(ca.secret.details.certificates?.[0]).toMatchObject({
    keyType: 'EC P-256',
    isCa: true,
    keyUsage: ['crlSign', 'keyCertSign'],
  });
  folder.write('ca.crt', authority.certPem);
  const long = `${'a'.repeat(60)}.${'b'.repeat(60)}.example.org`;
  for (const host of ['shop.localhost', '*.shop.example.org', long]) {
    const issued = await issueServerCertificate({ authority, host, now });
    folder.write('leaf.crt', issued.chainPem);
    const asked = host.replace('*', 'x');
    folder.run(
      `openssl verify -x509_strict -purpose sslserver -verify_hostname ${asked} -CAfile ca.crt leaf.crt`,
    );
    const parsed = parseTlsSecret({ cert: issued.chainPem, key: issued.keyPem }, now);
    expect(parsed).toMatchObject({ ok: true, secret: { warnings: [], facts: { names: [host] } } });
    if (parsed.ok) expect(parsed.secret.facts.fingerprint).toBe(issued.fingerprint);
    expect(coversHost(issued.names, host)).toBe(true);
    expect(Date.parse(issued.notBefore)).toBeLessThan(now);
    expect(issued.renewAt - now).toBeGreaterThan(59 * DAY_MS);
    expect(issued.renewAt - now).toBeLessThan(61 * DAY_MS);
  }
});

test('a TLS client that trusts the authority completes a handshake with an issued certificate', async () => {
  const authority = await createLocalAuthority({ name: 'Postern local CA', now });
  const issued = await issueServerCertificate({ authority, host: 'shop.localhost', now });
  const server = createServer({ key: issued.keyPem, cert: issued.chainPem }, (socket) => socket.end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port,
    servername: 'shop.localhost',
    ca: authority.certPem,
  });
  await once(socket, 'secureConnect');
  expect(socket.authorized).toBe(true);
  socket.destroy();
  server.close();
});

test('a leaf never outlives its authority, and an expired authority issues nothing', async () => {
  const authority = await createLocalAuthority({ name: 'old', now: now - 3600 * DAY_MS });
  const issued = await issueServerCertificate({ authority, host: 'a.localhost', now });
  expect(Date.parse(issued.notAfter) - now).toBeLessThanOrEqual(50 * DAY_MS);
  await expect(
    issueServerCertificate({ authority, host: 'a.localhost', now: now + 51 * DAY_MS }),
  ).rejects.toMatchObject({ code: 'internal' });
});

test('a key of another authority does not sign for this one', async () => {
  const authority = await createLocalAuthority({ name: 'one', now });
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const issued = await issueServerCertificate({
    authority: { certPem: authority.certPem, keyPem },
    host: 'a.localhost',
    now,
  });
  using folder = openOpensslFolder();
  folder.write('ca.crt', authority.certPem);
  folder.write('leaf.crt', issued.chainPem);
  expect(() => folder.run('openssl verify -CAfile ca.crt leaf.crt')).toThrow();
});
