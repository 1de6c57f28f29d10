import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from './testing/edge-fixture.ts';
import { type CertificateFiles, OpensslCertificates } from './testing/openssl-certificates.ts';
import { sClient } from './testing/openssl-client.ts';

let edge: EdgeFixture;
let clients: { a: CertificateFiles; b: CertificateFiles };

/** Hosts that differ in what they demand of clients, all served with one and the same certificate. */
beforeAll(async () => {
  edge = await startEdgeFixture();
  const openssl = new OpensslCertificates(edge.directory);
  const [a, b] = [openssl.selfSigned('A'), openssl.selfSigned('B')];
  clients = { a: openssl.signed(a, 'client'), b: openssl.signed(b, 'client') };
  const shared = { certificate: 'certificate-a.example' };
  await edge.putHost('a.example', { anchors: [a.cert] });
  await edge.putHost('b.example', { anchors: [b.cert], ...shared });
  await edge.putHost('open.example', shared);
  await edge.putHost('other.example', shared);
});
afterAll(() => edge.close());

function ask(
  host: string,
  version: string,
  client: CertificateFiles | null,
  ...args: string[]
): Promise<string> {
  const shown = client === null ? [] : ['-cert', client.cert, '-key', client.key];
  return sClient(edge, host, [version, ...shown, ...args]);
}

describe.each(['-tls1_2', '-tls1_3'])('%s', (version) => {
  test('each host demands what it demands, whichever was asked first', async () => {
    for (let round = 0; round < 2; round += 1) {
      expect(await ask('open.example', version, null)).toContain('"sni":"open.example"');
      expect(await ask('a.example', version, clients.a)).toContain('"sni":"a.example"');
      expect(await ask('b.example', version, clients.b)).toContain('"sni":"b.example"');
      expect(await ask('a.example', version, clients.b)).not.toContain('"sni"');
      expect(await ask('b.example', version, clients.a)).not.toContain('"sni"');
      expect(await ask('a.example', version, null)).not.toContain('"sni"');
    }
  });

  test('no session of one open host is resumed on the other', async () => {
    const file = join(edge.directory, `session${version}`);
    expect(await ask('open.example', version, null, '-sess_out', file)).toContain('"sni"');
    expect(await ask('open.example', version, null, '-sess_in', file)).toMatch(/\nReused, /);
    const other = await ask('other.example', version, null, '-sess_in', file);
    expect(other).toMatch(/\nNew, /);
    expect(other).toContain('"sni":"other.example"');
  });
});
