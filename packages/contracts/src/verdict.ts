import type { SubjectMatcher } from './route.ts';

/** Why a client was refused. Stable words: they stand in problems, logs and, later, the refusal ledger. */
export const REFUSAL_REASONS = {
  certificate_missing: 'the client sent no certificate',
  certificate_untrusted: 'no path leads from the certificate to a CA this route trusts',
  ca_not_allowed: 'the certificate is trusted, but by another CA than is demanded here',
  certificate_expired: 'a certificate of the path has expired',
  certificate_not_yet_valid: 'a certificate of the path is not valid yet',
  certificate_purpose: 'the certificate is not meant for client authentication',
  certificate_self_signed: 'the certificate is self-signed and not itself trusted',
  certificate_weak: 'a key or signature of the path is too weak',
  certificate_revoked: 'a certificate of the path has been revoked',
  crl_stale: 'the revocation list that speaks of a certificate of the path is too old',
  chain_order: 'a valid path is there, but OpenSSL took another one of the certificates sent or trusted',
  certificate_invalid: 'the certificate or its path breaks a rule of RFC 5280',
  subject_not_allowed: 'the certificate is trusted, but none of its names is allowed here',
} as const;
export type RefusalReason = keyof typeof REFUSAL_REASONS;

/** The matcher that hit, as it was written, and the name it hit. */
interface MatchedName {
  readonly matcher: SubjectMatcher;
  readonly name: string;
}

/** The verdict that there will be once the observed matchers are enforced, where it is another one. */
export type ObservedVerdict =
  | { readonly verdict: 'admit'; readonly matchedBy: MatchedName }
  | { readonly verdict: 'refuse'; readonly reason: RefusalReason; readonly detail: string };

/** Admit or refuse, and what decided. `validUntil` is milliseconds since 1970: the earliest end on the path. */
export type Verdict =
  | {
      readonly verdict: 'admit';
      readonly validUntil: number;
      readonly matchedBy: MatchedName | null;
      readonly observed?: Extract<ObservedVerdict, { verdict: 'refuse' }>;
    }
  | {
      readonly verdict: 'refuse';
      readonly reason: RefusalReason;
      readonly detail: string;
      readonly observed?: Extract<ObservedVerdict, { verdict: 'admit' }>;
    };
