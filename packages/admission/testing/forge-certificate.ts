import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** A pair of keys; forged certificates need no other file. */
export interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** What is to stand in a forged certificate; everything else is as a good one has it. */
export interface ForgeInput {
  /** Names are given as text (one CN), as attributes, or as DER. */
  readonly subject: NameInput;
  readonly issuer: NameInput;
  readonly key: KeyPair;
  readonly issuerKey: KeyPair;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly version?: 1 | 3;
  readonly serial?: number;
  readonly hash?: 'sha1' | 'sha256' | 'sha512';
  readonly extensions?: readonly Buffer[];
}

/** `[OID, tag, bytes]` of one attribute; several in one list are one multi-valued relative name. */
export type AttributeInput = readonly [oid: string, tag: number, value: Buffer | string];
export type NameInput = string | readonly (readonly AttributeInput[])[];

export const CN = '2.5.4.3';
const DAY_MS = 86_400_000;

/** Writes one DER element. */
export function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const digits = content.length.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | bytes.length]), bytes, content]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);

export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second, ...rest].flatMap((part) => {
    const groups = [part % 128];
    for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left % 128) | 0x80);
    return groups;
  });
  return der(0x06, Buffer.from(bytes));
}

export function integer(value: number): Buffer {
  const digits = value.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex');
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export function nameOf(input: NameInput): Buffer {
  const relativeNames = typeof input === 'string' ? [[[CN, 12, input] as const]] : input;
  return sequence(
    ...relativeNames.map((attributes) =>
      der(
        0x31,
        ...attributes.map(([type, tag, value]) =>
          sequence(oid(type), der(tag, Buffer.from(value as string))),
        ),
      ),
    ),
  );
}

/** An extension; `value` is the DER inside it. */
export function extension(id: string, value: Buffer, { critical = false } = {}): Buffer {
  return sequence(oid(id), ...(critical ? [der(0x01, Buffer.from([0xff]))] : []), der(0x04, value));
}

export function basicConstraints(isCa: boolean, pathLength?: number): Buffer {
  const fields = isCa ? [der(0x01, Buffer.from([0xff]))] : [];
  if (pathLength !== undefined) fields.push(integer(pathLength));
  return extension('2.5.29.19', sequence(...fields), { critical: true });
}

/** `bits`: the first eight of keyUsage, bit 0 as 0x80. */
export function keyUsage(bits: number): Buffer {
  return extension('2.5.29.15', der(0x03, Buffer.from([0, bits])), { critical: true });
}

export function extendedKeyUsage(...purposes: readonly string[]): Buffer {
  return extension('2.5.29.37', sequence(...purposes.map(oid)));
}

export const PURPOSE = {
  client: '1.3.6.1.5.5.7.3.2',
  server: '1.3.6.1.5.5.7.3.1',
  any: '2.5.29.37.0',
} as const;

export const dns = (text: string | Buffer): Buffer => der(0x82, Buffer.from(text as string, 'latin1'));
export const email = (text: string): Buffer => der(0x81, Buffer.from(text, 'latin1'));
export const uri = (text: string): Buffer => der(0x86, Buffer.from(text, 'latin1'));
export const ip = (...bytes: readonly number[]): Buffer => der(0x87, Buffer.from(bytes));
export const directory = (name: NameInput): Buffer => der(0xa4, nameOf(name));
export const otherName = (type: string, text: string): Buffer =>
  der(0xa0, oid(type), der(0xa0, der(12, Buffer.from(text))));

export function alternativeNames(...names: readonly Buffer[]): Buffer {
  return extension('2.5.29.17', sequence(...names));
}

export function nameConstraints({
  permitted = [],
  excluded = [],
}: {
  permitted?: readonly Buffer[];
  excluded?: readonly Buffer[];
}): Buffer {
  const subtrees = (tag: number, bases: readonly Buffer[]) =>
    bases.length === 0 ? [] : [der(tag, ...bases.map((base) => sequence(base)))];
  return extension('2.5.29.30', sequence(...subtrees(0xa0, permitted), ...subtrees(0xa1, excluded)), {
    critical: true,
  });
}

export const subjectKeyId = (id: string): Buffer => extension('2.5.29.14', der(0x04, Buffer.from(id)));
export const authorityKeyId = (id: string): Buffer =>
  extension('2.5.29.35', sequence(der(0x80, Buffer.from(id))));

/** What a plain CA says of itself. */
export const CA_EXTENSIONS: readonly Buffer[] = [basicConstraints(true), keyUsage(0x06)];

/** Signs whatever it is given into a certificate, right or wrong. Valid from a day ago for thirty unless said otherwise. */
export function forgeCertificate(input: ForgeInput): Buffer {
  const now = Date.now();
  const { version = 3, serial = 1, hash = 'sha256', extensions = [] } = input;
  const algorithm = signatureAlgorithm(input.issuerKey.privateKey, hash);
  const fields = [
    ...(version === 1 ? [] : [der(0xa0, integer(version - 1))]),
    integer(serial),
    algorithm,
    nameOf(input.issuer),
    sequence(timeOf(input.notBefore ?? now - DAY_MS), timeOf(input.notAfter ?? now + 30 * DAY_MS)),
    nameOf(input.subject),
    input.key.publicKey.export({ type: 'spki', format: 'der' }),
    ...(extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))]),
  ];
  const tbs = sequence(...fields);
  const isEdwards = input.issuerKey.privateKey.asymmetricKeyType === 'ed25519';
  const signature = sign(isEdwards ? null : hash, tbs, input.issuerKey.privateKey);
  return sequence(tbs, algorithm, der(0x03, Buffer.from([0]), signature));
}

function signatureAlgorithm(key: KeyObject, hash: 'sha1' | 'sha256' | 'sha512'): Buffer {
  switch (key.asymmetricKeyType) {
    case 'rsa': {
      const rsa = {
        sha1: '1.2.840.113549.1.1.5',
        sha256: '1.2.840.113549.1.1.11',
        sha512: '1.2.840.113549.1.1.13',
      };
      return sequence(oid(rsa[hash]), der(0x05));
    }
    case 'dsa':
      return sequence(oid('2.16.840.1.101.3.4.3.2'));
    case 'ed25519':
      return sequence(oid('1.3.101.112'));
    default: {
      const ecdsa = {
        sha1: '1.2.840.10045.4.1',
        sha256: '1.2.840.10045.4.3.2',
        sha512: '1.2.840.10045.4.3.4',
      };
      return sequence(oid(ecdsa[hash]));
    }
  }
}

/** GeneralizedTime from 2050 on (RFC 5280 section 4.1.2.5). */
function timeOf(time: number): Buffer {
  const digits = new Date(time)
    .toISOString()
    .replace(/\.\d+Z$/, 'Z')
    .replaceAll(/[-:T]/g, '');
  const isLate = new Date(time).getUTCFullYear() >= 2050;
  return der(isLate ? 0x18 : 0x17, Buffer.from(isLate ? digits : digits.slice(2)));
}

/** A fresh P-256 key, the cheapest to make. */
export function newKey(curve = 'P-256'): KeyPair {
  return generateKeyPairSync('ec', { namedCurve: curve });
}

/** PEM of DER certificates, one after the other. */
export function pemOf(...ders: readonly Buffer[]): string {
  return ders
    .map((bytes) => bytes.toString('base64').match(/.{1,64}/g) ?? [])
    .map((lines) => ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'))
    .join('');
}
