import {
  DER_TAGS,
  DerCursor,
  type DerElement,
  readBitString,
  readIntegerBytes,
  readOid,
} from './der-cursor.ts';

/** A public key by what its strength depends on. */
export type PublicKeyFields =
  | { readonly type: 'rsa'; readonly bits: number; readonly hasSoundExponent: boolean }
  /** `curve` is the identifier of a named curve, null for parameters written out. */
  | { readonly type: 'ec'; readonly curve: string | null }
  | { readonly type: 'ed25519' | 'ed448' }
  | { readonly type: 'other'; readonly oid: string };

/** How a certificate is signed: `hash` is null for schemes that bring their own, `weak` where it can be forged. */
export interface SignatureFields {
  readonly oid: string;
  readonly scheme: 'rsa' | 'ecdsa' | 'eddsa' | 'dsa' | 'unknown';
  readonly hash: string | null;
}

const RSA_KEYS: ReadonlySet<string> = new Set(['1.2.840.113549.1.1.1', '1.2.840.113549.1.1.10']);
const EC_KEY = '1.2.840.10045.2.1';
const EDWARDS: Readonly<Record<string, 'ed25519' | 'ed448'>> = {
  '1.3.101.112': 'ed25519',
  '1.3.101.113': 'ed448',
};
const RSA_PSS = '1.2.840.113549.1.1.10';

const SIGNATURES: ReadonlyMap<string, Omit<SignatureFields, 'oid'>> = new Map(
  (
    [
      ['1.2.840.113549.1.1.2', 'rsa', 'MD2'],
      ['1.2.840.113549.1.1.4', 'rsa', 'MD5'],
      ['1.2.840.113549.1.1.5', 'rsa', 'SHA-1'],
      ['1.3.14.3.2.29', 'rsa', 'SHA-1'],
      ['1.2.840.113549.1.1.14', 'rsa', 'SHA-224'],
      ['1.2.840.113549.1.1.11', 'rsa', 'SHA-256'],
      ['1.2.840.113549.1.1.12', 'rsa', 'SHA-384'],
      ['1.2.840.113549.1.1.13', 'rsa', 'SHA-512'],
      ['1.2.840.10045.4.1', 'ecdsa', 'SHA-1'],
      ['1.2.840.10045.4.3.1', 'ecdsa', 'SHA-224'],
      ['1.2.840.10045.4.3.2', 'ecdsa', 'SHA-256'],
      ['1.2.840.10045.4.3.3', 'ecdsa', 'SHA-384'],
      ['1.2.840.10045.4.3.4', 'ecdsa', 'SHA-512'],
      ['1.3.101.112', 'eddsa', null],
      ['1.3.101.113', 'eddsa', null],
      ['1.2.840.10040.4.3', 'dsa', 'SHA-1'],
      ['2.16.840.1.101.3.4.3.1', 'dsa', 'SHA-224'],
      ['2.16.840.1.101.3.4.3.2', 'dsa', 'SHA-256'],
    ] as const
  ).map(([oid, scheme, hash]) => [oid, { scheme, hash }]),
);

const HASHES: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'SHA-1',
  '2.16.840.1.101.3.4.2.4': 'SHA-224',
  '2.16.840.1.101.3.4.2.1': 'SHA-256',
  '2.16.840.1.101.3.4.2.2': 'SHA-384',
  '2.16.840.1.101.3.4.2.3': 'SHA-512',
};

/** Reads a SubjectPublicKeyInfo (RFC 3279, 5480, 8410). Whether a point lies on its curve is for the library that uses it. */
export function readPublicKey({ content }: DerElement): PublicKeyFields {
  const fields = new DerCursor(content);
  const algorithm = fields.enter(DER_TAGS.sequence);
  const oid = readOid(algorithm.take(DER_TAGS.oid));
  const { bytes } = readBitString(fields.take(DER_TAGS.bitString));
  fields.end();
  if (RSA_KEYS.has(oid)) return readRsaKey(bytes);
  if (oid === EC_KEY) {
    const parameters = algorithm.take();
    return { type: 'ec', curve: parameters.tag === DER_TAGS.oid ? readOid(parameters) : null };
  }
  const type = EDWARDS[oid];
  return type === undefined ? { type: 'other', oid } : { type };
}

function readRsaKey(bytes: Buffer): PublicKeyFields {
  const outer = new DerCursor(bytes);
  const fields = outer.enter(DER_TAGS.sequence);
  outer.end();
  const modulus = readIntegerBytes(fields.take(DER_TAGS.integer));
  const exponent = readIntegerBytes(fields.take(DER_TAGS.integer));
  fields.end();
  const digits = modulus[0] === 0 ? modulus.subarray(1) : modulus;
  const bits = digits.length * 8 - Math.clz32(digits[0] ?? 0) + 24;
  const isOdd = ((exponent.at(-1) ?? 0) & 1) === 1;
  // 1 makes every text its own signature; OpenSSL takes none above 64 bits for large keys.
  const hasSoundExponent =
    isOdd &&
    (exponent[0] ?? 0) < 0x80 &&
    !(exponent.length === 1 && exponent[0] === 1) &&
    exponent.length <= 9;
  return { type: 'rsa', bits: (modulus[0] ?? 0) >= 0x80 ? 0 : bits, hasSoundExponent };
}

/** Reads the AlgorithmIdentifier of a signature. */
export function readSignatureAlgorithm({ content }: DerElement): SignatureFields {
  const fields = new DerCursor(content);
  const oid = readOid(fields.take(DER_TAGS.oid));
  if (oid === RSA_PSS) return { oid, scheme: 'rsa', hash: readPssHash(fields) };
  return { oid, ...(SIGNATURES.get(oid) ?? { scheme: 'unknown', hash: null }) };
}

/** RFC 4055 section 3.1: the hash stands in [0], and is SHA-1 where nothing does. */
function readPssHash(algorithm: DerCursor): string {
  const hash = algorithm.enterIf(DER_TAGS.sequence)?.enterIf(0xa0);
  if (hash === undefined) return 'SHA-1';
  const oid = readOid(hash.enter(DER_TAGS.sequence).take(DER_TAGS.oid));
  return HASHES[oid] ?? oid;
}
