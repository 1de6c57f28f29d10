import { X509Certificate } from 'node:crypto';
import { rootCertificates } from 'node:tls';
import { expect, test } from 'vitest';
import { createDevAuthority } from './dev-certificates.ts';
import { isPublicWebCa } from './public-web-ca.ts';

test('the roots of the public web are known, also written otherwise', () => {
  const [root = ''] = rootCertificates;
  expect(isPublicWebCa(root)).toBe(true);
  expect(isPublicWebCa(new X509Certificate(root).toString())).toBe(true);
  expect(rootCertificates.every(isPublicWebCa)).toBe(true);
});

test('an own CA is none, not even by the name of a root; nor is what cannot be read', async () => {
  const own = await createDevAuthority({ name: 'ISRG Root X1', days: 2, now: Date.now() });
  expect(isPublicWebCa(own.certPem)).toBe(false);
  expect(isPublicWebCa('x')).toBe(false);
});
