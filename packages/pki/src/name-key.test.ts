import { X509Certificate } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { openOpensslFolder } from '../testing/openssl.ts';
import { readCertificateFields } from './certificate-fields.ts';
import { nameKeyOf } from './name-key.ts';

const folder = openOpensslFolder();
afterAll(() => folder[Symbol.dispose]());

test('a name as Postern, openssl and openssl -nameopt compat print it has the key of the certificate, whatever the case', () => {
  folder.run(
    `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout a.key -out a.crt -days 9 -utf8 \\
       -subj '/C=DE/O=Acme, Inc. & Söhne/CN=Acme \\/ Root'
     openssl x509 -in a.crt -noout -subject -nameopt utf8,sep_comma_plus_space,space_eq,esc_2253,use_quote > quoted.txt
     openssl x509 -in a.crt -noout -subject -nameopt utf8,sep_comma_plus_space,space_eq,esc_2253 > spaced.txt`,
  );
  const { subject } = readCertificateFields(new X509Certificate(folder.read('a.crt')).raw);
  expect(nameKeyOf(subject.text)).toBe(subject.key);
  for (const file of ['spaced.txt', 'quoted.txt'])
    expect(nameKeyOf(folder.read(file).trim().replace('subject=', ''))).toBe(subject.key);
  expect(nameKeyOf(subject.text.toUpperCase().replace('SÖHNE', 'Söhne'))).toBe(subject.key);
  expect(nameKeyOf('/C=de/CN=x')).toBe(nameKeyOf('C = DE, CN = X'));
  expect(nameKeyOf('2.5.4.3=x')).toBe(nameKeyOf('CN=x'));
  expect(nameKeyOf('CN=x, O=y')).not.toBe(nameKeyOf('CN=x\\, O\\=y'));
});

test.each(['', 'Acme', 'CN=', 'XY=a', 'CN=a,', '/CN=a/b', 'CN=a, , O=b'])('%j is no name', (text) => {
  expect(nameKeyOf(text)).toBeUndefined();
});
