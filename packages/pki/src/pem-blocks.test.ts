import { generateKeyPairSync } from 'node:crypto';
import { LIMITS } from '@postern/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { caScript, type OpensslFolder, openOpensslFolder } from '../testing/openssl.ts';
import { parseCertificatesPem } from './certificates-pem.ts';
import { parsePrivateKeyPem } from './private-key-pem.ts';

let folder: OpensslFolder;
let ca = '';
beforeAll(() => {
  folder = openOpensslFolder();
  folder.run(caScript('ca'));
  ca = folder.read('ca.crt');
});
afterAll(() => folder[Symbol.dispose]());

const parse = (text: string) => parseCertificatesPem(text, { pointer: '/cert' });
const codes = (text: string) => {
  const result = parse(text);
  return result.ok ? [] : result.findings.map(({ code, line, column }) => [code, line, column]);
};

test('text between blocks, CRLF, a byte order mark, EC PARAMETERS and one-line base64 are accepted', () => {
  const oneLine = ca.replace(/(?<=[A-Za-z0-9+/=])\n(?=[A-Za-z0-9+/=])/g, '');
  const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
  for (const text of [
    ca,
    ca.trimEnd(),
    `\ufeff${ca}`,
    ca.replaceAll('\n', '\r\n'),
    `subject=CN = ca\n\n${ca}\n# a comment: -----\n${ca}trailing words`,
    parameters + ca,
    oneLine,
    ca.replaceAll('-----\n', '----- \t\n'),
  ]) {
    const result = parse(text);
    expect(result.ok, text.slice(0, 60)).toBe(true);
    if (result.ok) expect(result.certificates[0]?.pem).toBe(ca);
  }
});

test('a block cut off, without END, without BEGIN or with another END is refused at its line', () => {
  const lines = ca.split('\n');
  const cut = lines.slice(0, 4).join('\n');
  expect(codes(cut)).toEqual([['pem_truncated', 1, 1]]);
  expect(codes(`${ca}${cut}`)).toEqual([['pem_truncated', lines.length, 1]]);
  expect(codes(`${cut}\n${ca}`)).toEqual([['pem_truncated', 1, 1]]);
  expect(codes(lines.slice(1).join('\n'))).toEqual([['pem_end_without_begin', lines.length - 2, 1]]);
  expect(codes(ca.replace('END CERTIFICATE', 'END PRIVATE KEY'))).toEqual([
    ['pem_end_differs', lines.length - 1, 1],
  ]);
});

test('a marker that shares its line or is indented is refused with its column', () => {
  expect(codes(`${ca.trimEnd()}${ca}`)).toEqual([['pem_marker', ca.split('\n').length - 1, 1]]);
  expect(codes(`  ${ca}`)).toEqual([['pem_marker', 1, 3]]);
});

test('anything but base64 inside a block is refused with line and column', () => {
  const lines = ca.split('\n');
  const withStar = lines.with(2, `abc*${lines[2]?.slice(4)}`).join('\n');
  expect(codes(withStar)).toEqual([['pem_base64', 3, 4]]);
  const short = lines.with(2, lines[2]?.slice(3) ?? '').join('\n');
  expect(codes(short)).toEqual([['pem_base64', 1, 1]]);
  const padded = lines.with(2, 'AAA=').join('\n');
  expect(codes(padded)).toEqual([['pem_base64', 4, 1]]);
  expect(codes('-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n')).toEqual([
    ['pem_block_empty', 1, 1],
  ]);
});

test('DER that does not decode, has bytes left over or lost its end is refused at its block', () => {
  const der = Buffer.from(ca.split('\n').slice(1, -2).join(''), 'base64');
  const wrap = (bytes: Buffer) =>
    `-----BEGIN CERTIFICATE-----\n${bytes.toString('base64')}\n-----END CERTIFICATE-----\n`;
  for (const bytes of [
    Buffer.from('garbage'),
    Buffer.concat([der, Buffer.from([5, 0])]),
    der.subarray(0, -9),
    Buffer.from([0x30, 0]),
  ]) {
    expect(codes(`${ca}${wrap(bytes)}`)).toEqual([['certificate_undecodable', ca.split('\n').length, 1]]);
  }
});

test('foreign blocks, private keys and empty or blockless files are named', () => {
  folder.run(
    'openssl req -new -key ca.key -subj /CN=x -out csr.pem; openssl x509 -in ca.crt -trustout -out trusted.pem',
  );
  expect(codes(folder.read('csr.pem'))).toEqual([['pem_foreign_block', 1, 1]]);
  expect(codes(folder.read('trusted.pem'))).toEqual([['pem_foreign_block', 1, 1]]);
  expect(codes(ca + folder.read('ca.key'))).toEqual([['private_key_here', ca.split('\n').length, 1]]);
  expect(codes('')).toEqual([['pem_empty', undefined, undefined]]);
  expect(codes(' \n\t')).toEqual([['pem_empty', undefined, undefined]]);
  expect(codes('hello')).toEqual([['pem_no_block', undefined, undefined]]);
});

test('DER, PKCS #12, bare base64 and UTF-16 are recognised, and the command that converts them is named', () => {
  folder.run(`openssl x509 -in ca.crt -outform DER -out ca.der
    openssl pkcs12 -export -in ca.crt -inkey ca.key -passout pass: -out ca.p12
    openssl pkey -in ca.key -outform DER -out key.der
    openssl x509 -in ca.der -inform DER -outform DER | base64 > bare.txt`);
  const hintOf = (text: string) => {
    const result = parse(text);
    return result.ok ? undefined : [result.findings[0]?.code, result.findings[0]?.hint];
  };
  // What a client makes of binary files: UTF-8 with replacement characters, or Latin-1.
  for (const encoding of ['utf8', 'latin1'] as const) {
    const decode = (file: string) => folder.readBytes(file).toString(encoding);
    expect(hintOf(decode('ca.der'))).toEqual([
      'pem_is_der',
      'convert it: openssl x509 -inform DER -in FILE -out FILE.pem',
    ]);
    expect(hintOf(decode('ca.p12'))?.[0]).toBe('pem_is_pkcs12');
    const key = parsePrivateKeyPem(decode('key.der'), { pointer: '/key' });
    expect(key.ok ? '' : key.findings[0]?.hint).toContain('openssl pkey -inform DER');
  }
  expect(hintOf(folder.read('bare.txt'))?.[0]).toBe('pem_without_markers');
  expect(hintOf(ca.split('').join('\u0000'))?.[0]).toBe('pem_is_binary');
});

test('encrypted keys of both forms are named with the command that decrypts them, and that command works', () => {
  folder.run(`openssl genrsa -traditional -out rsa.key 2048
    openssl rsa -in rsa.key -traditional -aes128 -passout pass:x -out old.key
    openssl pkcs8 -topk8 -in rsa.key -passout pass:x -out new.key`);
  for (const file of ['old.key', 'new.key']) {
    const result = parsePrivateKeyPem(folder.read(file), { pointer: '/key' });
    expect(result).toMatchObject({
      ok: false,
      findings: [
        { code: 'key_encrypted', line: 1, hint: 'decrypt it: openssl pkey -in FILE -out FILE.plain' },
      ],
    });
    folder.run(`openssl pkey -in ${file} -passin pass:x -out ${file}.plain`);
    expect(parsePrivateKeyPem(folder.read(`${file}.plain`), { pointer: '/key' })).toMatchObject({
      ok: true,
      keyType: 'RSA 2048',
    });
  }
});

test('keys of every supported kind and form are read; others, two at once and garbage are refused', () => {
  folder.run(`openssl ecparam -name prime256v1 -genkey -out p256.key
    openssl ecparam -name secp384r1 -genkey -noout -out p384.key
    openssl ecparam -name secp521r1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out p521.key
    openssl genpkey -algorithm ed25519 -out ed.key
    openssl ecparam -name secp256k1 -genkey -noout -out k1.key
    openssl genrsa -out small.key 1024
    openssl genpkey -algorithm x25519 -out x25519.key`);
  const read = (text: string) => {
    const result = parsePrivateKeyPem(text, { pointer: '/key' });
    return result.ok ? result.keyType : result.findings.map(({ code }) => code).join();
  };
  expect(['p256', 'p384', 'p521', 'ed'].map((name) => read(folder.read(`${name}.key`)))).toEqual([
    'EC P-256',
    'EC P-384',
    'EC P-521',
    'Ed25519',
  ]);
  expect(['k1', 'small', 'x25519'].map((name) => read(folder.read(`${name}.key`)))).toEqual([
    'key_type',
    'key_type',
    'key_type',
  ]);
  expect(read(folder.read('p384.key') + folder.read('ed.key'))).toBe('too_many_keys');
  expect(read(ca)).toBe('pem_foreign_block');
  const pss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
  expect(read(pss.export({ type: 'pkcs8', format: 'pem' }).toString())).toBe('key_type');
  expect(read('-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n')).toBe('key_undecodable');
  expect(read('-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n')).toBe(
    'key_openssh',
  );
});

test('PEM bombs are refused before they cost anything: too many bytes, too many blocks, deeply nested DER', () => {
  expect(codes('x'.repeat(LIMITS.secretBytesMax + 1))).toEqual([['pem_too_large', undefined, undefined]]);
  const empty = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';
  expect(codes(empty.repeat(3000))).toEqual([['too_many_certificates', undefined, undefined]]);
  // Processor time and not the clock, so that a busy machine decides nothing.
  const started = process.cpuUsage();
  const nested = Buffer.from('3080'.repeat(60_000), 'hex').toString('base64');
  expect(codes(`-----BEGIN CERTIFICATE-----\n${nested}\n-----END CERTIFICATE-----\n`)).toEqual([
    ['certificate_undecodable', 1, 1],
  ]);
  expect(codes('-----BEGIN CERTIFICATE-----\n'.repeat(5000)).length).toBe(5000);
  expect(process.cpuUsage(started).user / 1000).toBeLessThan(5_000);
});
