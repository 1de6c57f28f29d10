import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  alternativeNames,
  authorityKeyId,
  basicConstraints,
  CA_EXTENSIONS,
  CN,
  der,
  dns,
  extendedKeyUsage,
  extension,
  type ForgeInput,
  forgeCertificate,
  type KeyPair,
  keyUsage,
  newKey,
  PURPOSE,
  subjectKeyId,
} from '../../testing/forge-certificate.ts';
import { readAnchors } from './path-node.ts';
import { validatePath } from './validate-path.ts';

const NOW = Date.now();
const DAY_MS = 86_400_000;

/** An authority by name and key, with its certificate. */
interface Authority {
  readonly name: string;
  readonly key: KeyPair;
  readonly der: Buffer;
}

function ca(name: string, issuer?: Authority, input: Partial<ForgeInput> = {}): Authority {
  const key = input.key ?? newKey();
  const forged = forgeCertificate({
    subject: name,
    issuer: issuer?.name ?? name,
    key,
    issuerKey: issuer?.key ?? key,
    extensions: CA_EXTENSIONS,
    ...input,
  });
  return { name, key, der: forged };
}

const CLIENT = newKey();
const leafOf = (issuer: Authority, input: Partial<ForgeInput> = {}): Buffer =>
  forgeCertificate({ subject: 'client', issuer: issuer.name, key: CLIENT, issuerKey: issuer.key, ...input });

const ROOT = ca('root');
const MIDDLE = ca('middle', ROOT);

function judge(
  chain: readonly Buffer[],
  anchors: readonly Authority[] = [ROOT],
  extra: readonly Authority[] = [],
) {
  return validatePath({
    chain,
    anchors: readAnchors(anchors.map((anchor) => anchor.der)),
    extra: extra.map((authority) => authority.der),
    now: NOW,
    purpose: 'clientAuth',
  });
}

/** The verdict in one word: `admit`, or the reason with the check that failed. */
function wordOf(...input: Parameters<typeof judge>): string {
  const result = judge(...input);
  if (result.verdict === 'admit') return 'admit';
  const failed = result.checks.filter((check) => check.result === 'fail').map(({ name }) => name);
  return `${result.reason}: ${[...new Set(failed)].join(' ')}`;
}

test('a path is found whatever the order and the surplus, and told leaf first with a result for every check', () => {
  const leaf = leafOf(MIDDLE);
  const stranger = ca('stranger');
  for (const rest of [[MIDDLE], [stranger, MIDDLE], [ROOT, stranger, MIDDLE], [MIDDLE, MIDDLE, ROOT]]) {
    const result = judge([leaf, ...rest.map((authority) => authority.der)]);
    expect(result.path.map(({ subject, source }) => [subject, source])).toEqual([
      ['CN=client', 'leaf'],
      ['CN=middle', 'sent'],
      ['CN=root', 'anchor'],
    ]);
    expect(new Set(result.checks.map((check) => check.result))).toEqual(new Set(['pass']));
    expect(result.checks.length).toBeGreaterThan(20);
  }
  expect(wordOf([leaf])).toBe('certificate_untrusted: issuer');
  expect(wordOf([leaf], [ROOT], [MIDDLE])).toBe('admit');
  expect(wordOf([leaf], [MIDDLE])).toBe('admit');
  expect(wordOf([leaf, MIDDLE.der], [])).toBe('certificate_untrusted: issuer');
  expect(wordOf([])).toBe('certificate_missing: readable');
});

test('several certificates of one CA: the one that leads to a trusted CA counts, whichever was sent first', () => {
  const other = ca('other');
  const crossed = ca('middle', other, { key: MIDDLE.key });
  const expired = ca('middle', ROOT, { key: MIDDLE.key, notAfter: NOW - DAY_MS });
  const impostor = ca('middle', ROOT, { issuerKey: newKey() });
  const leaf = leafOf(MIDDLE);
  for (const twins of [[crossed], [expired], [impostor], [impostor, expired, crossed]]) {
    expect(wordOf([leaf, ...twins.map((twin) => twin.der), MIDDLE.der])).toBe('admit');
    expect(wordOf([leaf, MIDDLE.der, ...twins.map((twin) => twin.der)])).toBe('admit');
  }
  expect(wordOf([leaf, crossed.der])).toBe('certificate_untrusted: issuer');
  expect(wordOf([leaf, crossed.der], [other])).toBe('admit');
  expect(wordOf([leaf, impostor.der])).toBe('certificate_untrusted: issuer');
  expect(wordOf([leaf, expired.der])).toBe('certificate_expired: validity');
});

test('two trusted CAs of one name are both tried', () => {
  const renewed = ca('root');
  for (const anchors of [
    [ROOT, renewed],
    [renewed, ROOT],
  ]) {
    expect(wordOf([leafOf(ROOT)], anchors)).toBe('admit');
    expect(wordOf([leafOf(renewed)], anchors)).toBe('admit');
  }
  expect(wordOf([leafOf(renewed)])).toBe('certificate_untrusted: issuer');
});

test('validUntil is the earliest end on the path; of a refusal the moment that could change it', () => {
  const short = ca('short', ROOT, { notAfter: NOW + DAY_MS });
  const admitted = judge([leafOf(short), short.der]);
  expect(admitted.validUntil).toBe(Math.floor((NOW + DAY_MS) / 1000) * 1000);
  const early = judge([leafOf(ROOT, { notBefore: NOW + DAY_MS })]);
  expect(early).toMatchObject({ reason: 'certificate_not_yet_valid' });
  expect(early.validUntil).toBe(Math.floor((NOW + DAY_MS) / 1000) * 1000);
  expect(judge([leafOf(ROOT, { notAfter: NOW - DAY_MS })]).validUntil).toBe(Number.POSITIVE_INFINITY);
  expect(wordOf([leafOf(ROOT, { notAfter: Math.floor(NOW / 1000) * 1000 })])).toBe(
    'certificate_expired: validity',
  );
});

test.each<[string, Partial<ForgeInput>, string]>([
  ['no extensions, v1', { version: 1 }, 'admit'],
  ['EKU clientAuth', { extensions: [extendedKeyUsage(PURPOSE.server, PURPOSE.client)] }, 'admit'],
  [
    'EKU serverAuth',
    { extensions: [extendedKeyUsage(PURPOSE.server)] },
    'certificate_purpose: extended_key_usage',
  ],
  ['EKU any', { extensions: [extendedKeyUsage(PURPOSE.any)] }, 'certificate_purpose: extended_key_usage'],
  ['keyUsage digitalSignature', { extensions: [keyUsage(0x80)] }, 'admit'],
  ['keyUsage keyAgreement', { extensions: [keyUsage(0x08)] }, 'admit'],
  ['keyUsage keyEncipherment', { extensions: [keyUsage(0x20)] }, 'certificate_purpose: key_usage'],
  ['CA:TRUE', { extensions: [basicConstraints(true)] }, 'certificate_invalid: leaf_is_no_ca'],
  [
    'a critical extension',
    { extensions: [extension('1.2.3.4', der(5), { critical: true })] },
    'certificate_invalid: critical_extensions',
  ],
  ['another extension', { extensions: [extension('1.2.3.4', der(5))] }, 'admit'],
  [
    'policyConstraints',
    { extensions: [extension('2.5.29.36', der(0x30), { critical: true })] },
    'certificate_invalid: critical_extensions',
  ],
  ['SHA-1', { hash: 'sha1' }, 'certificate_weak: signature_strength'],
  ['secp256k1', { key: newKey('secp256k1') }, 'certificate_weak: key_strength'],
  [
    'RSA 1024',
    { key: generateKeyPairSync('rsa', { modulusLength: 1024 }) },
    'certificate_weak: key_strength',
  ],
  ['RSA 2048', { key: generateKeyPairSync('rsa', { modulusLength: 2048 }) }, 'admit'],
  ['RSA with exponent 1', { key: exponentOne() }, 'certificate_weak: key_strength'],
  ['Ed25519', { key: generateKeyPairSync('ed25519') }, 'admit'],
  ['P-521', { key: newKey('P-521') }, 'admit'],
  [
    'DSA',
    { key: generateKeyPairSync('dsa', { modulusLength: 1024, divisorLength: 160 }) },
    'certificate_weak: key_strength',
  ],
])('a leaf with %s', (_, input, word) => {
  expect(wordOf([leafOf(ROOT, input)])).toBe(word);
});

test.each<[string, Partial<ForgeInput>, string]>([
  ['v1', { version: 1, extensions: [] }, 'certificate_invalid: is_ca'],
  ['no basicConstraints', { extensions: [keyUsage(0x06)] }, 'certificate_invalid: is_ca'],
  ['CA:FALSE', { extensions: [basicConstraints(false)] }, 'certificate_invalid: is_ca'],
  ['no keyUsage', { extensions: [basicConstraints(true)] }, 'admit'],
  [
    'keyUsage without keyCertSign',
    { extensions: [basicConstraints(true), keyUsage(0x82)] },
    'certificate_invalid: key_usage',
  ],
  ['EKU clientAuth', { extensions: [...CA_EXTENSIONS, extendedKeyUsage(PURPOSE.client)] }, 'admit'],
  [
    'EKU serverAuth',
    { extensions: [...CA_EXTENSIONS, extendedKeyUsage(PURPOSE.server)] },
    'certificate_purpose: extended_key_usage',
  ],
  ['an expired certificate', { notAfter: NOW - DAY_MS }, 'certificate_expired: validity'],
  [
    'a critical extension',
    { extensions: [...CA_EXTENSIONS, extension('1.2.3.4', der(5), { critical: true })] },
    'certificate_invalid: critical_extensions',
  ],
  ['secp256k1', { key: newKey('secp256k1') }, 'certificate_weak: key_strength'],
])('an issuer with %s, as intermediate and as anchor', (_, input, word) => {
  const issuer = ca('issuer', ROOT, input);
  expect(wordOf([leafOf(issuer), issuer.der])).toBe(word);
  expect(wordOf([leafOf(issuer)], [issuer])).toBe(word);
});

test('path lengths count the CAs below that are not self-issued', () => {
  const zero = ca('zero', undefined, { extensions: [basicConstraints(true, 0)] });
  const below = ca('below', zero);
  expect(wordOf([leafOf(zero)], [zero])).toBe('admit');
  expect(wordOf([leafOf(below), below.der], [zero])).toBe('certificate_invalid: path_length');
  const renewed = ca('zero', zero);
  expect(wordOf([leafOf(renewed), renewed.der], [zero])).toBe('admit');
});

test('a trusted certificate may be the leaf itself, a CA too; a stranger of its name may not', () => {
  expect(wordOf([ROOT.der])).toBe('certificate_purpose: key_usage');
  const pinned = ca('me', undefined, { extensions: [basicConstraints(true)] });
  expect(wordOf([pinned.der], [pinned])).toBe('admit');
  const stranger = ca('me', undefined, { extensions: [] });
  expect(wordOf([stranger.der], [pinned])).toBe('certificate_untrusted: issuer');
  expect(wordOf([ca('alone', undefined, { extensions: [] }).der])).toBe('certificate_self_signed: issuer');
});

test('key identifiers tell issuers of one name apart, and refuse the wrong one', () => {
  const one = ca('same', undefined, { extensions: [...CA_EXTENSIONS, subjectKeyId('one')] });
  expect(wordOf([leafOf(one, { extensions: [authorityKeyId('one')] })], [one])).toBe('admit');
  const wrong = judge([leafOf(one, { extensions: [authorityKeyId('two')] })], [one]);
  expect(wrong).toMatchObject({
    reason: 'certificate_untrusted',
    detail: expect.stringContaining('another key'),
  });
});

test('names are compared as RFC 5280 says: without case, spaces folded, whatever the string type', () => {
  const key = newKey();
  const written = (text: string, tag: number): ForgeInput['subject'] => [[[CN, tag, text]]];
  const anchor = forgeCertificate({
    subject: written('Acme  Root ', 19),
    issuer: 'x',
    key,
    issuerKey: key,
    extensions: CA_EXTENSIONS,
  });
  const authority = { name: '', key, der: anchor };
  expect(wordOf([leafOf(authority, { issuer: written('ACME ROOT', 12) })], [authority])).toBe('admit');
  expect(wordOf([leafOf(authority, { issuer: written('acme  rooT', 22) })], [authority])).toBe('admit');
  expect(wordOf([leafOf(authority, { issuer: written('acmeroot', 12) })], [authority])).toBe(
    'certificate_untrusted: issuer',
  );
});

test('a server certificate is judged by serverAuth', () => {
  const anchors = readAnchors([ROOT.der]);
  const verdictOf = (purpose: string) =>
    validatePath({
      chain: [leafOf(ROOT, { extensions: [extendedKeyUsage(purpose)] })],
      anchors,
      now: NOW,
      purpose: 'serverAuth',
    }).verdict;
  expect([verdictOf(PURPOSE.server), verdictOf(PURPOSE.client)]).toEqual(['admit', 'refuse']);
});

test('what is not one strict DER certificate is refused as a leaf and passed over elsewhere', () => {
  const leaf = leafOf(MIDDLE, { extensions: [alternativeNames(dns('a.org'))] });
  const twice = leafOf(MIDDLE, {
    extensions: [alternativeNames(dns('a.org')), alternativeNames(dns('b.org'))],
  });
  const long = Buffer.concat([Buffer.from([0x30, 0x83, 0]), leaf.subarray(2)]);
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('garbage'),
    leaf.subarray(0, -1),
    Buffer.concat([leaf, Buffer.from([0])]),
    twice,
    long,
  ]) {
    expect(wordOf([bytes, MIDDLE.der])).toBe('certificate_invalid: readable');
    expect(wordOf([leaf, bytes, MIDDLE.der])).toBe('admit');
  }
  expect(() => readAnchors([ROOT.der, Buffer.from('garbage')])).toThrow();
});

/** A key pair whose public half has the exponent 1: every text is its own signature. */
function exponentOne(): KeyPair {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
  // INTEGER 65537 at the end becomes INTEGER 1 in as many bytes: the modulus keeps its place.
  const changed = Buffer.concat([spki.subarray(0, -5), Buffer.from([0x02, 0x01, 0x01])]);
  const shrink = (at: number) => changed.writeUInt16BE(changed.readUInt16BE(at) - 2, at);
  shrink(2);
  shrink(21);
  shrink(26);
  const publicKey = { export: () => changed } as unknown as KeyPair['publicKey'];
  return { publicKey, privateKey: pair.privateKey };
}
