import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caScript, leafScript, type OpensslFolder, openOpensslFolder } from '../testing/openssl.ts';
import { readCertificateFields } from './certificate-fields.ts';
import { parseCertificatesPem } from './certificates-pem.ts';
import { readSubjectNames, subjectNamesOf } from './subject-names.ts';

let folder: OpensslFolder;
beforeAll(() => {
  folder = openOpensslFolder();
  folder.run(caScript('ca'));
});
afterAll(() => folder[Symbol.dispose]());

/** Makes a leaf with openssl and gives its DER. */
function leaf(subject: string, extensions?: string): Buffer {
  folder.run(leafScript('leaf', { ca: 'ca', subject, ...(extensions === undefined ? {} : { extensions }) }));
  return new X509Certificate(folder.read('leaf.crt')).raw;
}

/** Replaces text inside a DER by other bytes of the same length, as a careless or hostile CA could have signed them. */
function forge(der: Buffer, from: string, to: string): Buffer {
  expect(Buffer.byteLength(to, 'latin1')).toBe(from.length);
  return Buffer.from(der.toString('latin1').replaceAll(from, to), 'latin1');
}

const SAN = (value: string) => `subjectAltName=${value}`;

test('every CN and DNS name is read by its type; DNS names in lower case without one trailing dot', () => {
  const der = leaf(
    '/O=CN=evil.org/CN=First.acme.org/CN=second',
    SAN('DNS:API.Acme.ORG,DNS:b.acme.org.,DNS:*.c.org'),
  );
  expect(readSubjectNames(der)).toEqual({
    commonNames: ['First.acme.org', 'second'],
    dnsNames: ['api.acme.org', 'b.acme.org', '*.c.org'],
  });
});

test('a certificate of version 1 with a CN alone gives that CN', () => {
  folder.run(`openssl req -newkey rsa:2048 -nodes -keyout v1.key -out v1.csr -subj /CN=myclient
    openssl x509 -req -in v1.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out v1.crt`);
  expect(readSubjectNames(new X509Certificate(folder.read('v1.crt')).raw)).toEqual({
    commonNames: ['myclient'],
    dnsNames: [],
  });
  expect(parseCertificatesPem(folder.read('v1.crt'), { pointer: '' })).toMatchObject({
    ok: true,
    certificates: [{ version: 1 }],
  });
});

test('names of other types never become DNS names: IP, URI, e-mail, otherName, an IP address in a dNSName', () => {
  const types =
    'IP:10.0.0.1,URI:https://uri.acme.org,email:a@mail.acme.org,otherName:1.2.3.4;UTF8:o.acme.org';
  expect(readSubjectNames(leaf('/O=none', SAN(`${types},DNS:10.0.0.2,DNS:127.1`)))).toEqual({
    commonNames: [],
    dnsNames: [],
  });
});

test('injected text stays one name: "/CN=", commas and "DNS:" inside values make no further names', () => {
  const der = leaf('/O=x', SAN('DNS:evil.org--------------------'));
  const crafted = forge(der, 'evil.org--------------------', 'evil.org, DNS:admin.acme.org');
  expect(readSubjectNames(crafted).dnsNames).toEqual([]);
  const cn = forge(
    leaf('/CN=evil.org-CN-admin.acme.org'),
    'evil.org-CN-admin.acme.org',
    'evil.org/CN=admin.acme.org',
  );
  expect(readSubjectNames(cn).commonNames).toEqual(['evil.org/CN=admin.acme.org']);
  const comma = leaf('/CN=evil.org, CN=admin.acme.org');
  expect(readSubjectNames(comma).commonNames).toEqual(['evil.org, CN=admin.acme.org']);
});

test.each([
  ['NUL', '\u0000'],
  ['newline', '\n'],
  ['carriage return', '\r'],
  ['delete', '\u007f'],
  ['a byte that is not UTF-8', '\u00ff'],
])('a CN or DNS name with %s reaches no matcher, and is shown escaped', (_, character) => {
  const text = 'admin.acme.org=.evil.org';
  const crafted = `admin.acme.org${character}.evil.org`;
  // openssl writes this CN as UTF8String because of "=", so that its bytes are decoded as UTF-8.
  const der = forge(
    leaf(`/CN=${text.replace('=', '@')}`, SAN(`DNS:${text.replace('=', '-')}`)),
    text.replace('=', '@'),
    crafted,
  );
  const both = forge(der, text.replace('=', '-'), crafted);
  expect(readSubjectNames(both)).toEqual({ commonNames: [], dnsNames: [] });
  const pem = `-----BEGIN CERTIFICATE-----\n${both.toString('base64')}\n-----END CERTIFICATE-----\n`;
  const parsed = parseCertificatesPem(pem, { pointer: '' });
  if (!parsed.ok) {
    // OpenSSL itself refuses a certificate whose UTF8String is not UTF-8.
    expect(character).toBe('\u00ff');
    return;
  }
  const details = parsed.certificates[0]?.details;
  for (const shown of [details?.subject, details?.dnsNames[0]]) {
    expect(shown).toContain('admin.acme.org');
    expect(shown).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/);
  }
});

test('invisible and direction-changing characters keep a CN from the matchers; visible look-alikes stay what they are', () => {
  expect(
    readSubjectNames(leaf('/CN=evil\u202e.acme.org -utf8'.replace(' -utf8', ''))).commonNames,
  ).not.toContain('evil\u202e.acme.org');
  folder.run(`openssl req -utf8 -new -key ca.key -subj "/CN=evil\u202e.acme.org" -out b.csr
    openssl x509 -req -in b.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out b.crt
    openssl req -utf8 -new -key ca.key -subj "/CN=\u0430cme.org" -out l.csr
    openssl x509 -req -in l.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out l.crt`);
  expect(readSubjectNames(new X509Certificate(folder.read('b.crt')).raw).commonNames).toEqual([]);
  expect(readSubjectNames(new X509Certificate(folder.read('l.crt')).raw).commonNames).toEqual([
    '\u0430cme.org',
  ]);
});

test('what is not exactly one certificate is refused: garbage, bytes left over, a second subjectAltName', () => {
  const der = leaf('/CN=a', `${SAN('DNS:good.org')}\\n1.2.3.55=DER:300a82086576696c2e6f7267`);
  expect(readSubjectNames(der).dnsNames).toEqual(['good.org']);
  // OID 1.2.3.55 (06 03 2a 03 37) has the length of 2.5.29.17 (06 03 55 1d 11).
  const twice = forge(der, '\u0006\u0003\u002a\u0003\u0037', '\u0006\u0003\u0055\u001d\u0011');
  for (const bytes of [
    twice,
    Buffer.alloc(0),
    Buffer.from('garbage'),
    Buffer.concat([der, Buffer.from([0])]),
  ]) {
    expect(() => readSubjectNames(bytes)).toThrow('cannot be decoded');
  }
});

test('details carry typed names, usages, key type, serial and fingerprint', () => {
  const extensions =
    'basicConstraints=CA:TRUE,pathlen:3\\nkeyUsage=keyCertSign,cRLSign\\nextendedKeyUsage=clientAuth,1.2.3\\n' +
    'subjectAltName=DNS:A.org,IP:10.0.0.1,IP:::1,email:a@b.c,URI:spiffe://x/y,RID:1.2.3';
  leaf('/C=DE/O=A, B/CN=x=y', extensions);
  const parsed = parseCertificatesPem(folder.read('leaf.crt'), { pointer: '' });
  expect(parsed.ok).toBe(true);
  if (!parsed.ok) return;
  const x509 = new X509Certificate(folder.read('leaf.crt'));
  expect(parsed.certificates[0]?.details).toEqual({
    subject: 'C=DE, O=A\\, B, CN=x\\=y',
    issuer: 'CN=ca',
    serialNumber: x509.serialNumber,
    dnsNames: ['A.org'],
    ipAddresses: ['10.0.0.1', expect.stringMatching(/^(::1|0:0:0:0:0:0:0:1)$/)],
    otherNames: ['email:a@b.c', 'URI:spiffe://x/y', 'registeredID:1.2.3'],
    notBefore: new Date(x509.validFrom).toISOString(),
    notAfter: new Date(x509.validTo).toISOString(),
    keyType: 'EC P-256',
    isCa: true,
    pathLength: 3,
    keyUsage: ['crlSign', 'keyCertSign'],
    extendedKeyUsage: ['clientAuth', '1.2.3'],
    fingerprint: x509.fingerprint256.replaceAll(':', '').toLowerCase(),
  });
});

test('below a CA that limits DNS names only DNS names as they stand count', () => {
  const der = leaf('/CN=client.acme.org', SAN('DNS:A.partner.org,DNS:client.acme.org.'));
  expect(subjectNamesOf(readCertificateFields(der), { belowNameConstraints: true })).toEqual({
    commonNames: [],
    dnsNames: ['a.partner.org'],
  });
});
