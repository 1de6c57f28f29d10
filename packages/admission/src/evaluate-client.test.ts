import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { CA_EXTENSIONS, forgeCertificate, newKey } from '../testing/forge-certificate.ts';
import type { ClientBundle } from './client-path.ts';
import { compileMatchers } from './compile-matchers.ts';
import { evaluateClient } from './evaluate-client.ts';
import type { PresentedClient, RevocationFinding } from './evaluation-input.ts';
import { readAnchors } from './path/path-node.ts';
import { predictHandshake } from './predict-handshake.ts';

const NOW = Date.now();
const DAY_MS = 86_400_000;
const key = newKey();
const other = newKey();
const root = (subject: string, own = key) =>
  forgeCertificate({ subject, issuer: subject, key: own, issuerKey: own, extensions: CA_EXTENSIONS });
const leafOf = (subject: string, issuer: string, own = key, notAfter = NOW + 9 * DAY_MS) =>
  forgeCertificate({ subject, issuer, key: newKey(), issuerKey: own, notAfter });
const bundleOf = (name: string, ...anchors: Buffer[]): ClientBundle => ({
  name,
  contentHash: name,
  anchors: readAnchors(anchors),
});
const shown = (...chain: Buffer[]): PresentedClient => ({ chain, openssl: { good: true } });
const open = { matchers: null, revocations: null };
const matchers = (() => {
  const compiled = compileMatchers([{ exact: 'other' }, { hasPrefix: 'JA' }, { hasSuffix: 'ne' }]);
  if (!compiled.ok) throw new Error('matchers');
  return compiled;
})();

test('an admitted client comes with its path, the CA that vouches, what each matcher says, and until when', () => {
  const leaf = leafOf('jane', 'A');
  const bundles = [bundleOf('partners', root('A'))];
  const evaluation = evaluateClient(shown(leaf), { ...open, bundles, matchers }, NOW);
  expect(evaluation).toMatchObject({
    ...{ verdict: 'admit', reason: null, refusedAt: null, remedy: null },
    detail: '"jane" is allowed by hasPrefix "JA"',
    matchers: [
      { name: null, hit: false },
      { name: 'jane', hit: true },
      { name: 'jane', hit: true },
    ],
    matchedBy: { matcher: { hasPrefix: 'JA' }, name: 'jane' },
    anchor: { bundle: 'partners', fingerprint: evaluation.path[1]?.fingerprint },
  });
  expect(Math.abs(evaluation.validUntil - NOW - 9 * DAY_MS)).toBeLessThan(1_000);
  expect(evaluation.checks.every(({ result }) => result === 'pass')).toBe(true);
  expect(evaluation.checks.at(-1)).toMatchObject({ name: 'openssl', position: 0 });
});

test('where the CA is what is wrong, the remedy names the CA, though OpenSSL refuses the client too', () => {
  const own = { key: generateKeyPairSync('rsa', { modulusLength: 1024 }) };
  const weak = forgeCertificate({
    subject: 'W',
    issuer: 'W',
    ...{ ...own, issuerKey: own.key, extensions: CA_EXTENSIONS },
  });
  const leaf = forgeCertificate({ subject: 'x', issuer: 'W', key, issuerKey: own.key });
  const bundles = [bundleOf('w', weak)];
  const client = predictHandshake([leaf], readAnchors([weak]), NOW);
  expect(evaluateClient(client, { ...open, bundles }, NOW)).toMatchObject({
    reason: 'certificate_weak',
    remedy: expect.stringContaining('issue the CA CN=W anew'),
  });
});

test('of several bundles the first that vouches counts, and none is asked for more', () => {
  const both = [bundleOf('next', root('B', other)), bundleOf('current', root('A'))];
  const admitted = (leaf: Buffer, bundles = both) =>
    evaluateClient(shown(leaf), { ...open, bundles }, NOW).anchor?.bundle;
  expect(admitted(leafOf('x', 'A'))).toBe('current');
  expect(admitted(leafOf('x', 'B', other))).toBe('next');
  expect(admitted(leafOf('x', 'A'), [bundleOf('next', root('A')), ...both])).toBe('next');
  // The bundle that knows the client says why it refuses, not the one that knows nothing.
  const expired = leafOf('x', 'A', key, NOW - DAY_MS);
  expect(evaluateClient(shown(expired), { ...open, bundles: both }, NOW).reason).toBe('certificate_expired');
});

test('nobody is trusted where there is no bundle, and nobody without a certificate', () => {
  expect(evaluateClient(shown(leafOf('x', 'A')), { ...open, bundles: [] }, NOW)).toMatchObject({
    ...{ verdict: 'refuse', reason: 'certificate_untrusted', refusedAt: 'handshake' },
  });
  const bundles = [bundleOf('ca', root('A'))];
  expect(evaluateClient(shown(), { ...open, bundles }, NOW)).toMatchObject({
    ...{ verdict: 'refuse', reason: 'certificate_missing', refusedAt: 'handshake' },
    remedy: 'show a client certificate issued below CN=A',
  });
  expect(evaluateClient(shown(), { ...open, bundles: [] }, NOW).reason).toBe('certificate_missing');
});

test('what is revoked is refused in the handshake before names are compared, and its answer ends when it must', () => {
  const bundles = [bundleOf('ca', root('A'))];
  const finding = (position: number, reason: RevocationFinding['reason'], validUntil: number) => ({
    ...{ position, reason, validUntil },
    detail: `told of ${position}`,
  });
  const evaluate = (...findings: RevocationFinding[]) =>
    evaluateClient(shown(leafOf('jane', 'A')), { bundles, matchers, revocations: () => findings }, NOW);
  expect(evaluate(finding(0, 'certificate_invalid', NOW + 5))).toMatchObject({
    ...{ verdict: 'refuse', reason: 'certificate_invalid', refusedAt: 'handshake', matchers: [] },
    ...{ detail: 'the certificate: told of 0', validUntil: NOW + 5 },
  });
  expect(evaluate(finding(0, null, NOW + 5), finding(1, 'certificate_invalid', NOW + 9)).detail).toBe(
    'the CA CN=A: told of 1',
  );
  expect(evaluate(finding(0, null, NOW + 5))).toMatchObject({ verdict: 'admit', validUntil: NOW + 5 });
});

test('names that no matcher hits are refused in an answer, with what would let them in', () => {
  const bundles = [bundleOf('ca', root('A'))];
  const evaluation = evaluateClient(shown(leafOf('eve', 'A')), { ...open, bundles, matchers }, NOW);
  expect(evaluation).toMatchObject({
    ...{ verdict: 'refuse', reason: 'subject_not_allowed', refusedAt: 'request', matchedBy: null },
    remedy: expect.stringContaining('allow the name (--client-certificate-subject "eve")'),
  });
  expect(evaluation.matchers.map(({ hit }) => hit)).toEqual([false, false, false]);
});

test('a path that OpenSSL does not take is refused, and its check says so', () => {
  const openssl = { good: false, code: 'CERT_HAS_EXPIRED', detail: 'CERT_HAS_EXPIRED: words' } as const;
  const evaluation = evaluateClient(
    { chain: [leafOf('jane', 'A')], openssl },
    { ...open, bundles: [bundleOf('ca', root('A'))] },
    NOW,
  );
  expect(evaluation).toMatchObject({ verdict: 'refuse', reason: 'chain_order', refusedAt: 'handshake' });
  expect(evaluation.checks.at(-1)).toMatchObject({ name: 'openssl', result: 'fail' });
});

test('of a client whose verdict changes once observed matchers are enforced, both verdicts are told', () => {
  const bundles = [bundleOf('ca', root('A'))];
  const under = (...list: object[]) => {
    const compiled = compileMatchers(list);
    if (!compiled.ok) throw new Error('matchers');
    return evaluateClient(shown(leafOf('jane', 'A')), { ...open, bundles, matchers: compiled }, NOW);
  };
  const jane = { exact: 'jane', observe: true };
  expect(under({ exact: 'root' }, jane)).toMatchObject({
    ...{ verdict: 'refuse', reason: 'subject_not_allowed', matchedBy: null },
    remedy: expect.stringContaining('enforce the observed matcher exact "jane"'),
    observed: { verdict: 'admit' },
    matchers: [{ hit: false }, { hit: true, matcher: jane }],
  });
  expect(under({ exact: 'root', observe: true })).toMatchObject({
    ...{ verdict: 'admit', reason: null, remedy: null },
    observed: { verdict: 'refuse', reason: 'subject_not_allowed' },
  });
  expect(under(jane)).not.toHaveProperty('observed');
});
