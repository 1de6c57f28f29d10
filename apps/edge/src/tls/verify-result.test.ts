import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EdgeFixture, startEdgeFixture } from '../testing/edge-fixture.ts';
import { type CertificateFiles, OpensslCertificates } from '../testing/openssl-certificates.ts';
import { curl } from '../testing/openssl-client.ts';
import { replaceVerdict } from '../testing/replace-verdict.ts';

let edge: EdgeFixture;
let certificate: CertificateFiles;

beforeAll(async () => {
  edge = await startEdgeFixture();
  const openssl = new OpensslCertificates(edge.directory);
  const ca = openssl.selfSigned('A');
  certificate = openssl.signed(ca, 'client');
  await edge.putHost('a.example', { anchors: [ca.cert] });
});
afterAll(() => edge.close());

test.each<[string, unknown]>([
  ['is not there', undefined],
  ['has no code', () => new Error('made up')],
  ['has an empty code', () => Object.assign(new Error('made up'), { code: '' })],
  [
    'throws',
    () => {
      throw new Error('made up');
    },
  ],
])('a verdict that %s admits nobody, and hurts no one else', async (_, verifyError) => {
  for (const version of ['1.2', '1.3']) {
    {
      using replaced = replaceVerdict(verifyError);
      expect(replaced).toBeDefined();
      expect((await curl(edge, 'a.example', { certificate, args: ['--tls-max', version] })).code).not.toBe(0);
    }
    expect((await curl(edge, 'a.example', { certificate, args: ['--tls-max', version] })).code).toBe(0);
  }
});

test('a verdict without a name of its own is told in words', async () => {
  using _ = replaceVerdict(() =>
    Object.assign(new Error('permitted subtree violation'), { code: 'UNSPECIFIED' }),
  );
  await curl(edge, 'a.example', { certificate });
  expect(edge.log.at(-1)).toMatchObject({
    reason: 'certificate_invalid',
    detail: 'UNSPECIFIED: permitted subtree violation',
  });
});
