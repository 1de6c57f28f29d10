import { readAnchors } from '@postern/admission';
import { CA_EXTENSIONS, forgeCertificate, newKey } from '@postern/admission/testing';
import { expect, test } from 'vitest';
import { PathJudge } from './path-judge.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const [rootKey, leafKey] = [newKey(), newKey()];
const root = forgeCertificate({
  ...{ subject: 'root', issuer: 'root', key: rootKey, issuerKey: rootKey, extensions: CA_EXTENSIONS },
  notAfter: NOW + 300 * DAY_MS,
});
const bundle = { contentHash: 'one', anchors: readAnchors([root]) };
const leaf = (days: readonly [number, number]) =>
  forgeCertificate({
    ...{ subject: 'client', issuer: 'root', key: leafKey, issuerKey: rootKey },
    ...{ notBefore: NOW + days[0] * DAY_MS, notAfter: NOW + days[1] * DAY_MS },
  });

test('an answer is remembered for the same certificates under the same bundle, and for no others', () => {
  const judge = new PathJudge(() => NOW);
  const chain = [leaf([-1, 10])];
  const first = judge.judge(chain, bundle);
  expect(first.client).toMatchObject({ names: { commonNames: ['client'] } });
  expect(judge.judge(chain, bundle)).toBe(first);
  expect(judge.judge([...chain, root], bundle)).not.toBe(first);
  const stranger = newKey();
  const other = forgeCertificate({
    subject: 'root',
    issuer: 'root',
    key: stranger,
    issuerKey: stranger,
    extensions: CA_EXTENSIONS,
  });
  expect(judge.judge(chain, { contentHash: 'two', anchors: readAnchors([other]) })).toMatchObject({
    client: null,
    result: { reason: 'certificate_untrusted' },
  });
});

test('no answer outlives what it follows from: an admission ends with the path, a refusal when a certificate becomes valid', () => {
  let now = NOW;
  const judge = new PathJudge(() => now);
  const chain = [leaf([5, 10])];
  const reasons = [0, 4, 6, 9, 11].map((day) => {
    now = NOW + day * DAY_MS;
    const { result } = judge.judge(chain, bundle);
    return result.verdict === 'admit' ? 'admit' : result.reason;
  });
  expect(reasons).toEqual([
    ...['certificate_not_yet_valid', 'certificate_not_yet_valid'],
    ...['admit', 'admit', 'certificate_expired'],
  ]);
});
