import type { RevocationEntry } from '@postern/contracts';
import { nameKeyOf, type RevocationList, readCertificateFields } from '@postern/pki';
import { expect, test } from 'vitest';
import { CA_EXTENSIONS, forgeCertificate, newKey } from '../../testing/forge-certificate.ts';
import { evaluateClient } from '../evaluate-client.ts';
import { readAnchors } from '../path/path-node.ts';
import { type CheckedList, revocationJudge } from './judge-revocation.ts';
import { indexRevocations } from './revocation-index.ts';

const NOW = Date.now();
const HOUR_MS = 3_600_000;
const [rootKey, middleKey, leafKey, strangerKey] = [newKey(), newKey(), newKey(), newKey()];
const root = forgeCertificate({
  ...{ subject: 'Root', issuer: 'Root', key: rootKey, issuerKey: rootKey },
  extensions: CA_EXTENSIONS,
});
const middle = forgeCertificate({
  ...{ subject: 'Middle', issuer: 'Root', key: middleKey, issuerKey: rootKey, serial: 0x80 },
  extensions: CA_EXTENSIONS,
});
const leaf = forgeCertificate({
  ...{ subject: 'Jane', issuer: 'Middle', key: leafKey, issuerKey: middleKey, serial: 0xff },
});
const bundles = [{ name: 'ca-1', contentHash: 'ca-1', anchors: readAnchors([root]) }];
const keyOf = (der: Buffer) => readCertificateFields(der).publicKeyDer;

function judge(
  { entries = [], lists = [] }: { entries?: Partial<RevocationEntry>[]; lists?: CheckedList[] },
  now = NOW,
) {
  const base = { id: 'r1', reason: 'keyCompromise', route: null, ca: null } as const;
  const whole = entries.map((entry) => ({ ...base, ...entry }) as RevocationEntry);
  const revocations = revocationJudge({ index: indexRevocations(whole), lists, route: 'shop', bundles });
  const presented = { chain: [leaf, middle], openssl: { good: true } } as const;
  return evaluateClient(presented, { bundles, matchers: null, revocations }, now);
}
const client = (name: string): Partial<RevocationEntry> => ({ client: { by: 'subject', subject: name } });
const serial = (serialNumber: string, issuer: string): Partial<RevocationEntry> => ({
  client: { by: 'serial', serialNumber, issuerKey: nameKeyOf(issuer) ?? '' },
});
const { fingerprint } = judge({}).path[1] ?? { fingerprint: '' };

test.each<[string, Partial<RevocationEntry>, number]>([
  ['its name, without case', client('JANE'), 0],
  ['its serial number, without leading zeros, and issuer', serial('ff', 'cn=MIDDLE'), 0],
  ['the serial number of a CA on its path', serial('80', 'CN=Root'), 1],
  ['the fingerprint of a CA on its path', { client: { by: 'fingerprint', fingerprint } }, 1],
  ['a revocation for its route', { ...client('jane'), route: 'shop' }, 0],
  ['a revocation for the CA that vouches', { ...client('jane'), ca: 'ca-1' }, 0],
])('a client is refused by %s', (_, entry, position) => {
  const refused = judge({ entries: [client('other'), entry] });
  expect(refused).toMatchObject({ verdict: 'refuse', reason: 'certificate_revoked', refusedAt: 'handshake' });
  const failed = refused.checks.filter(({ result }) => result === 'fail');
  expect(failed).toMatchObject([{ name: 'revocation', position }]);
});

test.each<[string, Partial<RevocationEntry>]>([
  ['another name', client('janet')],
  ['the name of a CA on the path, which is no client name', client('Middle')],
  ['the serial number under another issuer', serial('ff', 'CN=Root')],
  ['another route', { ...client('jane'), route: 'other' }],
  ['another CA', { ...client('jane'), ca: 'ca-2' }],
])('%s harms nobody', (_, entry) => {
  const admitted = judge({ entries: [entry] });
  expect(admitted.verdict).toBe('admit');
  expect(admitted.checks.filter(({ name }) => name === 'revocation')).toHaveLength(3);
});

function listOf(
  issuer: string,
  serials: readonly string[],
  more: Partial<RevocationList> = {},
): RevocationList {
  return {
    issuer: { key: nameKeyOf(`CN=${issuer}`) ?? '', keys: [], text: issuer, relativeNames: [] },
    ...{ authorityKeyId: null, crlNumber: null, thisUpdate: NOW - HOUR_MS, nextUpdate: NOW + HOUR_MS },
    ...{ scope: 'all', size: serials.length, isSignedBy: () => true },
    signature: readCertificateFields(root).signature,
    has: (number) => serials.includes(number),
    ...more,
  };
}
const checked = (list: RevocationList, signer: Buffer, more: Partial<CheckedList> = {}): CheckedList => ({
  ...{ name: 'crl-1', policy: 'hard', list, signerKeyDer: keyOf(signer) },
  ...more,
});

test('a list of the issuer refuses whom it names, the leaf or a CA, and holds until its nextUpdate', () => {
  expect(judge({ lists: [checked(listOf('Middle', ['00ff']), middle)] })).toMatchObject({
    reason: 'certificate_revoked',
    detail: 'the certificate: it is on the list crl-1',
  });
  const ofRoot = judge({ lists: [checked(listOf('Root', ['0080']), root)] });
  expect(ofRoot).toMatchObject({ reason: 'certificate_revoked' });
  const fine = judge({ lists: [checked(listOf('Middle', ['01']), middle)] });
  expect(fine).toMatchObject({ verdict: 'admit', validUntil: NOW + HOUR_MS });
});

test('a list has no say about clients of another issuer, not even of one of the same name with another key', () => {
  const stranger = forgeCertificate({
    ...{ subject: 'Middle', issuer: 'Root', key: strangerKey, issuerKey: rootKey },
    extensions: CA_EXTENSIONS,
  });
  const stale = { nextUpdate: NOW - 1 };
  for (const list of [
    checked(listOf('Other', ['00ff'], stale), middle),
    checked(listOf('Middle', ['00ff'], stale), stranger),
    checked(listOf('Middle', ['00ff'], { ...stale, scope: 'ca' }), middle),
    checked(listOf('Root', ['0080'], { ...stale, scope: 'user' }), root),
  ])
    expect(judge({ lists: [list] })).toMatchObject({ verdict: 'admit' });
});

test('a stale list refuses the clients of its issuer when hard and nobody when soft', () => {
  const later = NOW + HOUR_MS;
  const hard = checked(listOf('Middle', ['01']), middle);
  expect(judge({ lists: [hard] }, later)).toMatchObject({ verdict: 'refuse', reason: 'crl_stale' });
  expect(judge({ lists: [{ ...hard, policy: 'soft' }] }, later)).toMatchObject({ verdict: 'admit' });
  const soft = checked(listOf('Middle', ['00ff']), middle, { policy: 'soft' });
  expect(judge({ lists: [soft] }, later)).toMatchObject({ reason: 'certificate_revoked' });
});
