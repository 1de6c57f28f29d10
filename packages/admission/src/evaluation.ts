import type { ObservedVerdict, RefusalReason } from '@postern/contracts';
import type { SubjectNames } from '@postern/pki';
import type { MatcherResult, SubjectHit } from './compile-matchers.ts';
import { PATH_CHECKS, type PathCertificate, type PathCheck } from './path/path-result.ts';

/** All that is looked at before the matchers, in the order in which it is told. Stable words: `explain` prints them. */
export const EVALUATION_CHECKS = {
  ...PATH_CHECKS,
  openssl: 'OpenSSL, in the handshake, finds a valid path too',
  revocation: 'it has not been revoked',
  rule_ca: 'the path ends in the CA that the rule demands',
} as const;
export type EvaluationCheckName = keyof typeof EVALUATION_CHECKS;

/** One look at one certificate of the path; `position` is its place there, 0 the leaf. */
export interface EvaluationCheck extends Omit<PathCheck, 'name'> {
  readonly name: EvaluationCheckName;
}

/** A certificate of the path that was found. */
export interface EvaluatedCertificate extends PathCertificate {
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
}

/** Everything that there is to say about one client on one host (or one rule). */
export interface Evaluation {
  readonly verdict: 'admit' | 'refuse';
  /** Null when admitted. */
  readonly reason: RefusalReason | null;
  /** What decided, one line for people. */
  readonly detail: string;
  /** The verdict once the observed matchers are enforced; absent where it stays the same. */
  readonly observed?: ObservedVerdict;
  /** Where a refused client learns of it: the handshake ends, or its requests are answered 403. Null when admitted. */
  readonly refusedAt: 'handshake' | 'request' | null;
  /** The one thing that would change a refusal; null when admitted. */
  readonly remedy: string | null;
  readonly checks: readonly EvaluationCheck[];
  /** Every matcher; empty where there are none, or where the certificate is not trusted. */
  readonly matchers: readonly MatcherResult[];
  /** What decided an admission; null without matchers and of a refusal. */
  readonly matchedBy: SubjectHit | null;
  /** The names compared; null where the certificate is not trusted. */
  readonly names: SubjectNames | null;
  /** Leaf first; of an untrusted client the most promising way as far as it leads. */
  readonly path: readonly EvaluatedCertificate[];
  /** The CA that vouches, and the name of the bundle it came from; null where none does. */
  readonly anchor: { readonly fingerprint: string; readonly bundle: string } | null;
  /** Milliseconds since 1970 until which all of this holds for the same input; Infinity: always. */
  readonly validUntil: number;
}
