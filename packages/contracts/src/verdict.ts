import type { SubjectMatcher } from './route.ts';

/** Why a client was refused. Stable words: they stand in problems, logs and, later, the refusal ledger. */
export const REFUSAL_REASONS = {
  certificate_missing: 'the client sent no certificate',
  certificate_untrusted: 'no path leads from the certificate to a CA this route trusts',
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

/** Admit or refuse, and what decided. `validUntil` is milliseconds since 1970: the earliest end on the path. */
export type Verdict =
  | {
      readonly verdict: 'admit';
      readonly validUntil: number;
      readonly matchedBy: { matcher: SubjectMatcher; name: string } | null;
    }
  | { readonly verdict: 'refuse'; readonly reason: RefusalReason; readonly detail: string };
