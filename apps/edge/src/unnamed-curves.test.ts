import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { CA_EXTENSIONS, forgeCertificate, type KeyPair, newKey, pemOf } from '@postern/admission/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { curl } from './testing/openssl-client.ts';

// Node 24 makes a null pointer of a certificate on a curve that NIST gave no name, and dies, once it is asked for the legacy
// form of one: getPeerCertificate() of such a leaf, getPeerCertificate(true) of such an issuer.

const HOST = 'a.example';
const root = newKey();
const intermediate = newKey();
const ROOT = authority('Root', root, 'Root', root);
const INTERMEDIATE = authority('Intermediate', intermediate, 'Root', root);

let edge: EdgeFixture;
beforeAll(async () => {
  edge = await startEdgeFixture();
  const anchors = join(edge.directory, 'root.pem');
  writeFileSync(anchors, pemOf(ROOT));
  await edge.putHost(HOST, { anchors: [anchors] });
});
afterAll(() => edge.close());

function authority(subject: string, key: KeyPair, issuer: string, issuerKey: KeyPair): Buffer {
  return forgeCertificate({ subject, issuer, key, issuerKey, extensions: CA_EXTENSIONS });
}

let shown = 0;
/** What curl says (`200`, or its exit code) when it shows these certificates. */
async function show(version: string, key: KeyPair, ...certificates: readonly Buffer[]): Promise<string> {
  shown += 1;
  const files = { cert: join(edge.directory, `${shown}.crt`), key: join(edge.directory, `${shown}.key`) };
  writeFileSync(files.cert, pemOf(...certificates));
  writeFileSync(files.key, key.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const { code, stdout } = await curl(edge, HOST, {
    certificate: files,
    args: [`--tlsv${version}`, '--tls-max', version, '--output', '/dev/null', '--write-out', '%{http_code}'],
  });
  return code === 0 ? stdout : `exit ${code}`;
}

function leafOf(key: KeyPair, issuer: string, issuerKey: KeyPair): Buffer {
  return forgeCertificate({ subject: 'client', issuer, key, issuerKey });
}

async function expectAlive(version: string): Promise<void> {
  const key = newKey();
  expect(await show(version, key, leafOf(key, 'Root', root))).toBe('200');
}

describe.each(['1.2', '1.3'])('TLS %s', (version) => {
  test.each(['secp256k1', 'brainpoolP256r1'])(
    'a stranger below a CA on %s is refused, and the worker lives',
    async (curve) => {
      const [key, stranger] = [newKey(), newKey(curve)];
      const sent = [leafOf(key, 'Stranger', stranger), authority('Stranger', stranger, 'Stranger', stranger)];
      expect(await show(version, key, ...sent)).toMatch(/^exit/);
      await expectAlive(version);
    },
  );

  test('a trusted client that sends such a CA beside its own is admitted', async () => {
    const key = newKey();
    const odd = newKey('secp256k1');
    const sent = [
      leafOf(key, 'Intermediate', intermediate),
      INTERMEDIATE,
      authority('Intermediate', odd, 'Root', odd),
    ];
    expect(await show(version, key, ...sent)).toBe('200');
  });

  test.each(['secp256k1', 'brainpoolP256r1'])(
    'a leaf of a trusted CA on %s is refused, and the worker lives',
    async (curve) => {
      const key = newKey(curve);
      expect(await show(version, key, leafOf(key, 'Root', root))).toMatch(/^exit/);
      await expectAlive(version);
    },
  );

  test.each([
    ['P-384', () => newKey('P-384')],
    ['P-521', () => newKey('P-521')],
    ['Ed25519', () => generateKeyPairSync('ed25519')],
    ['RSA 2048', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
  ])('a leaf with a key of %s is admitted', async (_, make) => {
    const key = make();
    expect(await show(version, key, leafOf(key, 'Root', root))).toBe('200');
  });
});

test('a leaf of a trusted CA on a brainpool curve is refused in TLS 1.3 to clients that can sign with it', async () => {
  const key = newKey('brainpoolP256r1');
  const socket = connect({
    port: edge.port,
    servername: HOST,
    ca: readFileSync(edge.serverCa),
    cert: pemOf(leafOf(key, 'Root', root)),
    key: key.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    minVersion: 'TLSv1.3',
    sigalgs: 'ecdsa_brainpoolP256r1tls13_sha256:ecdsa_secp256r1_sha256',
  });
  socket.on('secureConnect', () => socket.write(`GET / HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`));
  let answer = '';
  socket.setEncoding('utf8').on('data', (text: string) => {
    answer += text;
  });
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  expect(answer).toBe('');
  await expectAlive('1.3');
});
