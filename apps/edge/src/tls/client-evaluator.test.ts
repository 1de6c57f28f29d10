import {
  type CompiledMatchers,
  compileMatchers,
  type OpenSslVerdict,
  type RevocationFinding,
  readAnchors,
} from '@postern/admission';
import { CA_EXTENSIONS, forgeCertificate, newKey } from '@postern/admission/testing';
import { expect, test } from 'vitest';
import { EDGE_LIMITS } from '../limits.ts';
import { keptBy } from '../testing/kept-by.ts';
import { ClientEvaluator } from './client-evaluator.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const [rootKey, leafKey] = [newKey(), newKey()];
const root = forgeCertificate({
  ...{ subject: 'root', issuer: 'root', key: rootKey, issuerKey: rootKey, extensions: CA_EXTENSIONS },
  notAfter: NOW + 300 * DAY_MS,
});
const bundle = { name: 'partners', contentHash: 'one', anchors: readAnchors([root]) };
const policy = { bundles: [bundle], matchers: null, revocations: null };
const leaf = (days: readonly [number, number]) =>
  forgeCertificate({
    ...{ subject: 'client', issuer: 'root', key: leafKey, issuerKey: rootKey },
    ...{ notBefore: NOW + days[0] * DAY_MS, notAfter: NOW + days[1] * DAY_MS },
  });
const client = (...chain: Buffer[]) => ({ chain, openssl: { good: true } as const });
const matching = (exact: string): CompiledMatchers => {
  const compiled = compileMatchers([{ exact }]);
  if (!compiled.ok) throw new Error('matchers');
  return compiled;
};

test('a path is remembered for the same certificates under the same bundle, and for no others', () => {
  const evaluator = new ClientEvaluator(() => NOW);
  const chain = [leaf([-1, 10])];
  const first = evaluator.evaluate(client(...chain), policy);
  expect(first).toMatchObject({ verdict: 'admit', names: { commonNames: ['client'] } });
  // Names are read once with the path.
  expect(evaluator.evaluate(client(...chain), policy).names).toBe(first.names);
  expect(evaluator.evaluate(client(...chain, root), policy).names).not.toBe(first.names);
  const stranger = newKey();
  const other = forgeCertificate({
    ...{ subject: 'root', issuer: 'root', key: stranger, issuerKey: stranger, extensions: CA_EXTENSIONS },
  });
  const changed = { ...bundle, contentHash: 'two', anchors: readAnchors([other]) };
  expect(evaluator.evaluate(client(...chain), { ...policy, bundles: [changed] })).toMatchObject({
    verdict: 'refuse',
    reason: 'certificate_untrusted',
  });
});

test('no answer outlives what it follows from: an admission ends with the path, a refusal when a certificate becomes valid', () => {
  let now = NOW;
  const evaluator = new ClientEvaluator(() => now);
  const chain = [leaf([5, 10])];
  const reasons = [0, 4, 6, 9, 11].map((day) => {
    now = NOW + day * DAY_MS;
    return evaluator.evaluate(client(...chain), policy).reason;
  });
  expect(reasons).toEqual([
    ...['certificate_not_yet_valid', 'certificate_not_yet_valid'],
    ...[null, null, 'certificate_expired'],
  ]);
});

test("a remembered path decides nothing by itself: OpenSSL's word, revocations and matchers are asked each time", () => {
  const evaluator = new ClientEvaluator(() => NOW);
  const chain = [leaf([-1, 10])];
  const bad = { good: false, code: 'CERT_HAS_EXPIRED', detail: 'expired' } as const;
  const revoked: RevocationFinding = {
    ...{ position: 0, reason: 'certificate_invalid', detail: 'revoked' },
    validUntil: Number.POSITIVE_INFINITY,
  };
  const reasons = [
    evaluator.evaluate(client(...chain), policy),
    evaluator.evaluate({ chain, openssl: bad }, policy),
    evaluator.evaluate(client(...chain), { ...policy, revocations: () => [revoked] }),
    evaluator.evaluate(client(...chain), { ...policy, matchers: matching('other') }),
    evaluator.evaluate(client(...chain), { ...policy, matchers: matching('client') }),
  ].map(({ reason }) => reason);
  expect(reasons).toEqual([null, 'chain_order', 'certificate_invalid', 'subject_not_allowed', null]);
});

test('what is remembered of an admitted client holds none of the checks that nobody asks an edge for', () => {
  const evaluator = new ClientEvaluator(() => NOW);
  const clients = Array.from({ length: 300 }, () => leaf([-1, 10]));
  const judge = (der: Buffer) => evaluator.evaluate(client(der), policy).verdict;
  const kept = keptBy(() => {
    for (const der of clients) judge(der);
  });
  expect(kept / clients.length).toBeLessThan(3_000);
  expect(clients.map(judge)).toEqual(clients.map(() => 'admit'));
});

test('refused clients take a bounded number of bytes, however long their certificates are', () => {
  const evaluator = new ClientEvaluator(() => NOW);
  const strangers = Array.from({ length: 50 }, (_, nth) =>
    forgeCertificate({
      ...{ subject: `client ${nth} ${'x'.repeat(40_000)}`, issuer: `other ${nth} ${'y'.repeat(40_000)}` },
      ...{ key: leafKey, issuerKey: rootKey },
    }),
  );
  const openssl = { good: false, code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', detail: '' } as const;
  const judge = (der: Buffer) => evaluator.evaluate({ chain: [der], openssl }, policy).reason;
  const kept = keptBy(() => {
    for (const der of strangers) expect(judge(der)).toBe('certificate_untrusted');
  });
  expect(kept).toBeLessThan(strangers.length * 2 * EDGE_LIMITS.refusedPathBytesMax);
  expect(strangers.map(judge)).toEqual(strangers.map(() => 'certificate_untrusted'));
});

test('what a host admits stands for a moment: not under what it demands after a change, nor beyond its end, nor where OpenSSL refuses', () => {
  let now = NOW;
  let asked = 0;
  const evaluator = new ClientEvaluator(() => now);
  const chain = [leaf([-1, 10])];
  const hostPolicy = (reason: RevocationFinding['reason'] = null) => {
    const revocations = () => {
      asked += 1;
      return [{ position: 0, reason, detail: '', validUntil: NOW + 2_500 }];
    };
    return { own: { ...policy, revocations }, ofRules: new Map() };
  };
  const reasonOf = (demanded: ReturnType<typeof hostPolicy>, openssl: OpenSslVerdict = { good: true }) =>
    evaluator.evaluateForHost({ chain, openssl }, demanded).reason;
  const before = hostPolicy();
  expect([reasonOf(before), reasonOf(before), asked]).toEqual([null, null, 1]);
  const bad = { good: false, code: 'CERT_HAS_EXPIRED', detail: 'expired' } as const;
  expect([reasonOf(before, bad), asked]).toEqual(['chain_order', 2]);
  const revoked = hostPolicy('certificate_revoked');
  expect([reasonOf(revoked), reasonOf(revoked)]).toEqual(['certificate_revoked', 'certificate_revoked']);
  // A refusal is asked for each time.
  expect(asked).toBe(4);
  for (const [at, times] of [
    [999, 4],
    [1_000, 5],
    [1_999, 5],
    [2_000, 6],
    // Here its end comes first.
    [2_500, 7],
  ] as const) {
    now = NOW + at;
    expect([reasonOf(before), asked]).toEqual([null, times]);
  }
  const other = [leaf([-1, 10])];
  expect(evaluator.evaluateForHost({ chain: other, openssl: { good: true } }, before).reason).toBeNull();
  expect(asked).toBe(8);
});
