import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caScript, leafScript, openOpensslFolder } from '../testing/openssl.ts';
import { readCertificateFields } from './certificate-fields.ts';
import { type RevocationList, readRevocationList } from './revocation-list.ts';

const folder = openOpensslFolder();
afterAll(() => folder[Symbol.dispose]());

const CONFIG = `[ca]
default_ca = it
[it]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 7
[plain]
authorityKeyIdentifier = keyid
[delta]
2.5.29.27 = critical,DER:020101
[indirect]
2.5.29.28 = critical,DER:30038401ff
[some_reasons]
2.5.29.28 = critical,DER:3004830206c0
[users]
2.5.29.28 = critical,DER:30038101ff
[unknown]
1.2.3.4 = critical,DER:0500
`;

function gencrl(name: string, section: string, more = ''): Buffer {
  folder.run(
    `openssl ca -config ca.cnf -gencrl -crlexts ${section} -cert ca.crt -keyfile ca.key -out ${name}.pem ${more}
    openssl crl -in ${name}.pem -outform DER -out ${name}.der`,
  );
  return folder.readBytes(`${name}.der`);
}

function fieldsOf(name: string) {
  return readCertificateFields(new X509Certificate(folder.read(`${name}.crt`)).raw);
}

let list: RevocationList;
let der: Buffer;
beforeAll(() => {
  folder.write('ca.cnf', CONFIG);
  folder.run(`${caScript('ca')}
    ${caScript('other')}
    ${leafScript('kept', { ca: 'ca' })}
    ${leafScript('gone', { ca: 'ca' })}
    touch index.txt; echo 1A > crlnumber
    openssl ca -config ca.cnf -cert ca.crt -keyfile ca.key -revoke gone.crt -crl_reason keyCompromise`);
  der = gencrl('list', 'plain');
  list = readRevocationList(der);
});

test('a list of openssl says who is revoked, by whom, and until when it holds', () => {
  const ca = fieldsOf('ca');
  expect(list.size).toBe(1);
  expect(list.has(fieldsOf('gone').serialNumber)).toBe(true);
  expect(list.has(fieldsOf('kept').serialNumber)).toBe(false);
  expect(list.issuer.key).toBe(ca.subject.key);
  expect(list.authorityKeyId).toBe(ca.subjectKeyId);
  expect(list.crlNumber).toBe('1a');
  expect(list.scope).toBe('all');
  expect((list.nextUpdate ?? 0) - list.thisUpdate).toBe(7 * 86_400_000);
});

test('only the key that signed a list vouches for it, and only for what it signed', () => {
  expect(list.isSignedBy(fieldsOf('ca').publicKeyDer)).toBe(true);
  expect(list.isSignedBy(fieldsOf('other').publicKeyDer)).toBe(false);
  expect(list.isSignedBy(Buffer.from('garbage'))).toBe(false);
  const forged = Buffer.from(der);
  const serial = Buffer.from(fieldsOf('gone').serialNumber, 'hex');
  const last = forged.indexOf(serial) + serial.length - 1;
  forged.writeUInt8(forged.readUInt8(last) ^ 1, last);
  expect(readRevocationList(forged).isSignedBy(fieldsOf('ca').publicKeyDer)).toBe(false);
});

test.each([
  ['-sigopt rsa_padding_mode:pss', 'rsa:2048', true],
  ['', 'rsa:2048', true],
  ['', 'ed25519', true],
  ['-md sha1', 'rsa:2048', false],
])('signatures: openssl ca %s with %s counts: %s', (options, key, counts) => {
  folder.run(`openssl req -x509 -newkey ${key} -nodes -keyout k.key -out k.crt -subj /CN=k -days 2
    openssl ca -config ca.cnf -gencrl -cert k.crt -keyfile k.key -out k.pem ${key === 'ed25519' ? '-md null' : options}
    openssl crl -in k.pem -outform DER -out k.der`);
  expect(readRevocationList(folder.readBytes('k.der')).isSignedBy(fieldsOf('k').publicKeyDer)).toBe(counts);
});

test.each([
  ['delta', /a delta list/],
  ['indirect', /an indirect list/],
  ['some_reasons', /for some reasons only/],
  ['unknown', /critical extension 1\.2\.3\.4/],
])('a list that says less than it seems is refused: %s', (section, message) => {
  expect(() => readRevocationList(gencrl(section, section))).toThrow(message);
});

test('a list for users alone says so', () => {
  expect(readRevocationList(gencrl('users', 'users')).scope).toBe('user');
});

test('garbage, cut off and surplus bytes are refused', () => {
  expect(() => readRevocationList(Buffer.from('garbage'))).toThrow();
  expect(() => readRevocationList(der.subarray(0, -1))).toThrow();
  expect(() => readRevocationList(Buffer.concat([der, Buffer.from([0])]))).toThrow(/more elements/);
  expect(() => readRevocationList(Buffer.alloc(0))).toThrow();
});

test('of 20,000 serial numbers each is found, and none beside them', () => {
  const entries = Array.from({ length: 20_000 }, (_, index) => {
    const serial = Buffer.alloc(8);
    serial.writeUInt32BE(0x10000000 + index * 7, 0);
    serial.writeUInt32BE(index, 4);
    return serial;
  });
  const big = readRevocationList(replaceEntries(der, entries));
  expect(big.size).toBe(entries.length);
  expect(entries.every((serial) => big.has(serial.toString('hex')))).toBe(true);
  for (const serial of entries) {
    serial.writeUInt8(serial.readUInt8(4) ^ 0x40, 4);
    expect(big.has(serial.toString('hex'))).toBe(false);
  }
});

/** The list with other entries; its signature is no longer right, which reading does not ask. */
function replaceEntries(original: Buffer, serials: readonly Buffer[]): Buffer {
  const wrap = (tag: number, ...parts: Buffer[]): Buffer => {
    const content = Buffer.concat(parts);
    const header = Buffer.from([tag, 0x84, 0, 0, 0, 0]);
    header.writeUInt32BE(content.length, 2);
    if (content.length >= 0x1000000) return Buffer.concat([header, content]);
    const short =
      content.length < 0x80
        ? [tag, content.length]
        : content.length < 0x100
          ? [tag, 0x81, content.length]
          : content.length < 0x10000
            ? [tag, 0x82, content.length >> 8, content.length & 0xff]
            : [tag, 0x83, content.length >> 16, (content.length >> 8) & 0xff, content.length & 0xff];
    return Buffer.concat([Buffer.from(short), content]);
  };
  const elements = (buffer: Buffer): Buffer[] => {
    const found: Buffer[] = [];
    for (let at = 0; at < buffer.length; ) {
      const first = buffer[at + 1] ?? 0;
      const count = first < 0x80 ? 0 : first & 0x7f;
      const length = count === 0 ? first : buffer.readUIntBE(at + 2, count);
      const end = at + 2 + count + length;
      found.push(buffer.subarray(at, end));
      at = end;
    }
    return found;
  };
  const content = (element: Buffer): Buffer => {
    const first = element[1] ?? 0;
    return element.subarray(first < 0x80 ? 2 : 2 + (first & 0x7f));
  };
  const [signed = der, ...rest] = elements(content(original));
  const fields = elements(content(signed));
  const time = Buffer.from('170d3236303130313030303030305a', 'hex');
  fields[5] = wrap(0x30, ...serials.map((serial) => wrap(0x30, wrap(0x02, serial), time)));
  return wrap(0x30, wrap(0x30, ...fields), ...rest);
}
