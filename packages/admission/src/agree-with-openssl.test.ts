import { expect, test } from 'vitest';
import { type OpenSslVerdict, refusalOfBoth } from './agree-with-openssl.ts';
import type { PathResult } from './path/path-result.ts';

const ADMIT: PathResult = {
  verdict: 'admit',
  path: [],
  checks: [],
  validUntil: 1,
  constrainsDnsNames: false,
};
const REFUSE: PathResult = {
  ...{ verdict: 'refuse', reason: 'certificate_weak', detail: 'RSA of 1024 bits' },
  ...{ path: [], checks: [], validUntil: 1 },
};
const bad = (code: string): OpenSslVerdict => ({ good: false, code, detail: `${code}: words` });

test('a client is admitted only where OpenSSL and our validation both say so', () => {
  expect(refusalOfBoth({ good: true }, ADMIT)).toBeNull();
  expect(refusalOfBoth({ good: true }, REFUSE)).toEqual({
    reason: 'certificate_weak',
    detail: 'RSA of 1024 bits',
  });
  expect(refusalOfBoth(bad('CERT_HAS_EXPIRED'), REFUSE)?.reason).toBe('certificate_weak');
});

test.each(['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'CERT_SIGNATURE_FAILURE', 'CERT_HAS_EXPIRED', 'INVALID_CA'])(
  "where OpenSSL alone refuses over the way it took (%s) the reason is chain_order, with OpenSSL's words and the remedy",
  (code) => {
    expect(refusalOfBoth(bad(code), ADMIT)).toEqual({
      reason: 'chain_order',
      detail: expect.stringMatching(
        new RegExp(`${code}: words; send the leaf and after it only the intermediates`),
      ),
    });
  },
);

test.each([
  ['UNSPECIFIED', 'certificate_invalid'],
  ['VERDICT_UNAVAILABLE', 'certificate_invalid'],
  ['EE_KEY_TOO_SMALL', 'certificate_weak'],
])('what only OpenSSL knows (%s) is told as it is', (code, reason) => {
  expect(refusalOfBoth(bad(code), ADMIT)).toEqual({ reason, detail: `${code}: words` });
});
