import { expect, test } from 'vitest';
import { openOpensslFolder } from '../testing/openssl.ts';
import { parseCaSecret } from './ca-secret.ts';
import { createDevAuthority, issueDevCertificate } from './dev-certificates.ts';
import { parseTlsSecret } from './tls-secret.ts';

const DAY_MS = 86_400_000;
const now = Date.now();

test('openssl verifies what a dev CA issues strictly, each for its own purpose only', async () => {
  using folder = openOpensslFolder();
  const authority = await createDevAuthority({ name: 'dev-ca', days: 30, now });
  expect(parseCaSecret(authority.certPem, { pointer: '', now })).toMatchObject({
    ok: true,
    secret: {
      warnings: [],
      details: { certificates: [{ isCa: true, keyUsage: ['crlSign', 'keyCertSign'] }] },
    },
  });
  const client = await issueDevCertificate({
    role: 'client',
    name: 'client.acme.org',
    alternativeNames: ['client.acme.org', '192.0.2.1'],
    issuer: authority,
    days: 365,
    now,
  });
  const server = await issueDevCertificate({
    role: 'server',
    name: 'shop.localhost',
    alternativeNames: ['shop.localhost'],
    issuer: authority,
    days: 7,
    now,
  });
  expect(Math.abs(client.notAfter - authority.notAfter)).toBeLessThanOrEqual(1000);
  expect(Math.abs(server.notAfter - now - 7 * DAY_MS)).toBeLessThanOrEqual(1000);
  folder.write('ca.crt', authority.certPem);
  folder.write('client.crt', client.certPem);
  folder.write('server.crt', server.certPem);
  folder.run(`
    openssl verify -x509_strict -purpose sslclient -verify_hostname client.acme.org -CAfile ca.crt client.crt
    openssl verify -x509_strict -purpose sslserver -verify_hostname shop.localhost -CAfile ca.crt server.crt
    if openssl verify -purpose sslserver -CAfile ca.crt client.crt; then exit 1; fi
    if openssl verify -purpose sslclient -CAfile ca.crt server.crt; then exit 1; fi`);
  expect(parseTlsSecret({ cert: server.certPem, key: server.keyPem }, now)).toMatchObject({
    ok: true,
    secret: { warnings: [], facts: { names: ['shop.localhost'] } },
  });
});

test('a self-signed server certificate is good for whoever trusts it itself', async () => {
  using folder = openOpensslFolder();
  const name = `${'a'.repeat(60)}.example.org`;
  const own = { role: 'server', name, alternativeNames: [name], issuer: null, days: 1, now } as const;
  folder.write('own.crt', (await issueDevCertificate(own)).certPem);
  folder.run(`openssl verify -purpose sslserver -verify_hostname ${name} -CAfile own.crt own.crt`);
});

test.each(['RSA:2048', 'EC:P-384', 'EC:P-521', 'ED25519'])(
  'a CA of openssl with a key of %s can issue',
  async (kind) => {
    using folder = openOpensslFolder();
    const [algorithm = '', size = ''] = kind.split(':');
    const option =
      algorithm === 'RSA'
        ? `-pkeyopt rsa_keygen_bits:${size}`
        : size === ''
          ? ''
          : `-pkeyopt ec_paramgen_curve:${size}`;
    folder.run(`
    openssl genpkey -algorithm ${algorithm} ${option} -out ca.key
    openssl req -x509 -new -key ca.key -subj /CN=ca -days 30 -out ca.crt`);
    const issuer = { certPem: folder.read('ca.crt'), keyPem: folder.read('ca.key') };
    const leaf = await issueDevCertificate({
      role: 'client',
      name: 'c',
      alternativeNames: [],
      issuer,
      days: 1,
      now,
    });
    folder.write('leaf.crt', leaf.certPem);
    folder.run('openssl verify -purpose sslclient -CAfile ca.crt leaf.crt');
  },
);

test('what is no CA, has expired, has another key or cannot be read issues nothing', async () => {
  const authority = await createDevAuthority({ name: 'a', days: 30, now });
  const other = await createDevAuthority({ name: 'b', days: 30, now });
  const leaf = { role: 'client', name: 'c', alternativeNames: [], days: 1, now } as const;
  const issued = await issueDevCertificate({ ...leaf, issuer: authority });
  for (const [issuer, at, why] of [
    [issued, now, 'is not one of a CA'],
    [{ ...authority, keyPem: other.keyPem }, now, 'another certificate'],
    [authority, now + 31 * DAY_MS, 'expired at'],
    [{ ...authority, keyPem: 'x' }, now, 'cannot be read'],
  ] as const) {
    await expect(issueDevCertificate({ ...leaf, issuer, now: at })).rejects.toMatchObject({
      code: 'validation_failed',
      message: expect.stringContaining(why),
    });
  }
  await expect(createDevAuthority({ name: 'x'.repeat(65), days: 1, now })).rejects.toThrow(
    '1 to 64 characters',
  );
  await expect(issueDevCertificate({ ...leaf, name: 'x'.repeat(65), issuer: authority })).rejects.toThrow(
    'at most 64',
  );
});
