import fc from 'fast-check';
import {
  alternativeNames,
  authorityKeyId,
  basicConstraints,
  der,
  directory,
  dns,
  email,
  extendedKeyUsage,
  extension,
  forgeCertificate,
  ip,
  type KeyPair,
  keyUsage,
  nameConstraints,
  newKey,
  PURPOSE,
  subjectKeyId,
  uri,
} from './forge-certificate.ts';

/** What a client shows and a host trusts, as DER. */
export interface GeneratedChain {
  readonly leaf: Buffer;
  readonly leafKey: KeyPair;
  readonly sent: readonly Buffer[];
  readonly anchors: readonly Buffer[];
}

const DAY_MS = 86_400_000;
/** Few names and few keys, so that certificates of one name, of one key and of both meet often. */
const CA_NAMES = ['A', 'B', 'C', 'D'];
const CA_KEYS: readonly KeyPair[] = [...Array.from({ length: 5 }, () => newKey()), newKey('secp256k1')];
const LEAF_KEY = newKey();

/** Takes the good case far more often: most of a generated chain must be right for the rest to matter. */
function mostly<T>(good: T, ...odd: readonly T[]): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 14, arbitrary: fc.constant(good) },
    { weight: 1, arbitrary: fc.constantFrom(...odd) },
  );
}

const validity = mostly<[number, number]>([-1, 30], [-30, -1], [1, 30]);
const constraints = mostly<Buffer | null>(
  null,
  nameConstraints({ permitted: [dns('acme.org')] }),
  nameConstraints({ excluded: [dns('x.acme.org')] }),
  nameConstraints({ excluded: [dns('.acme.org')] }),
  nameConstraints({ permitted: [directory('client.acme.org')] }),
  nameConstraints({ permitted: [email('acme.org')], excluded: [ip(10, 0, 0, 0, 255, 0, 0, 0)] }),
  nameConstraints({ permitted: [uri('.acme.org')] }),
);
const unknownExtension = mostly<Buffer | null>(
  null,
  extension('1.2.3.4', der(5)),
  extension('1.2.3.4', der(5), { critical: true }),
  extension('2.5.29.36', der(0x30, der(0x80, Buffer.from([0]))), { critical: true }),
);

const authority = fc.record({
  name: fc.constantFrom(...CA_NAMES),
  key: fc.oneof({ weight: 20, arbitrary: fc.nat({ max: 4 }) }, { weight: 1, arbitrary: fc.constant(5) }),
  /** Which of those before it signs; itself where there is none. */
  issuer: fc.nat({ max: 5 }),
  isRoot: fc.boolean(),
  validity,
  version: mostly<1 | 3>(3, 1),
  basic: mostly<'ca' | 'none' | 'leaf' | number>('ca', 'none', 'leaf', 0, 1),
  usage: mostly<number | null>(0x06, null, 0x80),
  purposes: mostly<readonly string[] | null>(null, [PURPOSE.client], [PURPOSE.server], [PURPOSE.any]),
  hash: mostly<'sha256' | 'sha1'>('sha256', 'sha1'),
  constraints,
  unknownExtension,
  keyId: fc.boolean(),
  authorityKeyId: mostly<'none' | 'right' | 'wrong'>('none', 'right', 'right', 'wrong'),
  /** A key that is not the issuer's signs. */
  isForged: mostly(false, true),
  isSent: mostly(true, false),
});
type AuthorityInput = typeof authority extends fc.Arbitrary<infer T> ? T : never;

const leafInput = fc.record({
  subject: fc.constantFrom('client.acme.org', 'x.acme.org', 'other.example', 'Jane Doe'),
  validity,
  version: mostly<1 | 3>(3, 1),
  isCa: mostly(false, true),
  usage: mostly<number | null>(null, 0x80, 0x20, 0x08),
  purposes: mostly<readonly string[] | null>(null, [PURPOSE.client], [PURPOSE.server], [PURPOSE.any]),
  hash: mostly<'sha256' | 'sha1'>('sha256', 'sha1'),
  names: fc.constantFrom<readonly Buffer[]>(
    [],
    [dns('client.acme.org')],
    [dns('*.acme.org')],
    [dns('x.acme.org.')],
    [email('jane@acme.org')],
    [ip(10, 1, 2, 3)],
    [uri('https://a.acme.org/x')],
  ),
  unknownExtension,
  authorityKeyId: mostly<'none' | 'right' | 'wrong'>('none', 'right', 'wrong'),
});

/** Chains of up to six CAs that cross-sign, expire, share names and keys, and lack or have too much of everything. */
export const generatedChain: fc.Arbitrary<GeneratedChain> = fc
  .record({
    authorities: fc.array(authority, { minLength: 1, maxLength: 6 }),
    anchored: fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 2 }),
    leaf: leafInput,
    order: fc.array(fc.nat({ max: 1000 }), { minLength: 6, maxLength: 6 }),
  })
  .map(({ authorities, anchored, leaf, order }) => {
    const made: MadeAuthority[] = [];
    for (const input of authorities) made.push(makeAuthority(input, made));
    const issuer = made.at(-1);
    if (issuer === undefined) throw new Error('there is at least one authority');
    const anchors = new Set(anchored.map((index) => made[index % made.length]?.der ?? issuer.der));
    const sent = made
      .map(({ der: bytes, isSent }, index) => ({ bytes, isSent, at: order[index] ?? 0 }))
      .filter(({ isSent }) => isSent)
      .toSorted((a, b) => a.at - b.at)
      .map(({ bytes }) => bytes);
    return { leaf: makeLeaf(leaf, issuer), leafKey: LEAF_KEY, sent, anchors: [...anchors] };
  });

interface MadeAuthority {
  readonly name: string;
  readonly key: KeyPair;
  readonly keyId: string;
  readonly der: Buffer;
  readonly isSent: boolean;
}

let serial = 1;

function makeAuthority(input: AuthorityInput, before: readonly MadeAuthority[]): MadeAuthority {
  const key = CA_KEYS[input.key] ?? LEAF_KEY;
  const keyId = `key-${input.key}`;
  const above = input.isRoot ? undefined : before[input.issuer % Math.max(1, before.length)];
  const extensions: Buffer[] = [];
  if (input.version === 3) {
    if (input.basic === 'leaf') extensions.push(basicConstraints(false));
    else if (input.basic === 'ca') extensions.push(basicConstraints(true));
    else if (input.basic !== 'none') extensions.push(basicConstraints(true, input.basic));
    if (input.usage !== null) extensions.push(keyUsage(input.usage));
    if (input.purposes !== null) extensions.push(extendedKeyUsage(...input.purposes));
    if (input.keyId) extensions.push(subjectKeyId(keyId));
    if (input.authorityKeyId !== 'none') {
      extensions.push(authorityKeyId(input.authorityKeyId === 'right' ? (above?.keyId ?? keyId) : 'wrong'));
    }
    for (const extra of [input.constraints, input.unknownExtension])
      if (extra !== null) extensions.push(extra);
  }
  const certificate = forgeCertificate({
    subject: input.name,
    issuer: above?.name ?? input.name,
    key,
    issuerKey: input.isForged ? (CA_KEYS[(input.key + 1) % 5] ?? key) : (above?.key ?? key),
    version: input.version,
    hash: input.hash,
    serial: nextSerial(),
    ...timesOf(input.validity),
    extensions,
  });
  return { name: input.name, key, keyId, der: certificate, isSent: input.isSent };
}

function makeLeaf(
  input: typeof leafInput extends fc.Arbitrary<infer T> ? T : never,
  issuer: MadeAuthority,
): Buffer {
  const extensions: Buffer[] = [];
  if (input.version === 3) {
    if (input.isCa) extensions.push(basicConstraints(true));
    if (input.usage !== null) extensions.push(keyUsage(input.usage));
    if (input.purposes !== null) extensions.push(extendedKeyUsage(...input.purposes));
    if (input.names.length > 0) extensions.push(alternativeNames(...input.names));
    if (input.unknownExtension !== null) extensions.push(input.unknownExtension);
    if (input.authorityKeyId !== 'none') {
      extensions.push(authorityKeyId(input.authorityKeyId === 'right' ? issuer.keyId : 'wrong'));
    }
  }
  return forgeCertificate({
    subject: input.subject,
    issuer: issuer.name,
    key: LEAF_KEY,
    issuerKey: issuer.key,
    version: input.version,
    hash: input.hash,
    serial: nextSerial(),
    ...timesOf(input.validity),
    extensions,
  });
}

function timesOf([from, to]: readonly [number, number]): { notBefore: number; notAfter: number } {
  const now = Date.now();
  return { notBefore: now + from * DAY_MS, notAfter: now + to * DAY_MS };
}

function nextSerial(): number {
  serial += 1;
  return serial;
}
