import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOCUMENT_FORMAT_REVOCATION } from '@postern/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { type CertificateFiles, OpensslCertificates, pemOf } from './testing/openssl-certificates.ts';
import { sClient } from './testing/openssl-client.ts';

const HOST = 'a.example';

let edge: EdgeFixture;
let openssl: OpensslCertificates;
let ca: CertificateFiles;

const run = (script: string) =>
  execFileSync('bash', ['-euc', script], { cwd: edge.directory, stdio: 'pipe' });

/** Puts the list of the CA in its present database, as the feed brings it. */
function putList(): void {
  run(
    `openssl ca -config ca.cnf -gencrl -cert ${ca.cert} -keyfile ${ca.key} | openssl crl -outform DER -out list.der`,
  );
  const text = (file: string) => readFileSync(join(edge.directory, file)).toString('base64');
  edge.put('crl', 'list-1', { policy: 'hard', list: text('list.der'), signerKey: text('ca.spki') });
}

beforeAll(async () => {
  edge = await startEdgeFixture();
  openssl = new OpensslCertificates(edge.directory);
  ca = openssl.selfSigned('A');
  await edge.putHost(HOST, { anchors: [ca.cert] });
  writeFileSync(
    join(edge.directory, 'ca.cnf'),
    '[ca]\ndefault_ca=it\n[it]\ndatabase=index.txt\ncrlnumber=crlnumber\ndefault_md=sha256\ndefault_crl_days=7\n',
  );
  run(`touch index.txt; echo 01 > crlnumber
    openssl x509 -in ${ca.cert} -noout -pubkey | openssl pkey -pubin -outform DER -out ca.spki`);
  putList();
  // Named before any session begins: what ends one below is the revocation, not a change of the host.
  const document = edge.worker.hosts.get(HOST as never)?.document;
  const clientCertificate = { ...document?.clientCertificate, crls: ['list-1'] };
  edge.put('host', HOST, { ...document, clientCertificate }, DOCUMENT_FORMAT_REVOCATION);
  edge.put('revocation', 'default', { entries: [] });
});
afterAll(() => edge.close());

const byFingerprint = (client: CertificateFiles): void => {
  const { fingerprint256 } = new X509Certificate(pemOf(client.cert));
  const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase();
  const named = { id: 'r1', client: { by: 'fingerprint', fingerprint }, reason: 'keyCompromise' };
  edge.put('revocation', 'default', { entries: [{ ...named, route: null, ca: null }] });
};
const byList = (client: CertificateFiles): void => {
  run(`openssl ca -config ca.cnf -cert ${ca.cert} -keyfile ${ca.key} -revoke ${client.cert}`);
  putList();
};

test.each([
  ['by its fingerprint', '-tls1_2', byFingerprint],
  ['by its fingerprint', '-tls1_3', byFingerprint],
  ['by the list of its CA', '-tls1_2', byList],
  ['by the list of its CA', '-tls1_3', byList],
])(
  'the session of a client that is revoked %s is worth nothing any more (%s)',
  async (_, version, revoke) => {
    const jane = openssl.signed(ca, 'jane.acme.org');
    const john = openssl.signed(ca, 'john.acme.org');
    const session = (name: string) => join(edge.directory, `${name}.session`);
    const shown = ({ cert, key }: CertificateFiles) => ['-cert', cert, '-key', key];
    const first = [version, '-sess_out'];
    expect(await sClient(edge, HOST, [...first, session('jane'), ...shown(jane)])).toContain('"sni"');
    expect(await sClient(edge, HOST, [...first, session('john'), ...shown(john)])).toContain('"sni"');
    const resume = (name: string, more: string[] = []) =>
      sClient(edge, HOST, [version, '-sess_in', session(name), ...more]);
    expect(await resume('jane')).toMatch(/\nReused, [\s\S]*"sni"/);
    revoke(jane);
    expect(await resume('jane')).not.toContain('"sni"');
    // Nor with its certificate at hand for a full handshake.
    expect(await resume('jane', shown(jane))).not.toContain('"sni"');
    expect(edge.log).toContainEqual(expect.objectContaining({ reason: 'certificate_revoked' }));
    expect(await resume('john')).toMatch(/\nReused, [\s\S]*"sni"/);
  },
);
