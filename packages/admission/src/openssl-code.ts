import type { RefusalReason } from '@postern/contracts';

/** OpenSSL's verify results by the names Node gives them; what is not here is `certificate_invalid`. */
const REASONS: ReadonlyMap<string, RefusalReason> = new Map([
  ['UNABLE_TO_GET_ISSUER_CERT', 'certificate_untrusted'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'certificate_untrusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'certificate_untrusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'certificate_untrusted'],
  ['CERT_UNTRUSTED', 'certificate_untrusted'],
  // An issuer of the trusted CA's name, but not of its key.
  ['CERT_SIGNATURE_FAILURE', 'certificate_untrusted'],
  ['CERT_HAS_EXPIRED', 'certificate_expired'],
  ['CERT_NOT_YET_VALID', 'certificate_not_yet_valid'],
  ['INVALID_PURPOSE', 'certificate_purpose'],
  ['CERT_REJECTED', 'certificate_purpose'],
  ['EE_KEY_TOO_SMALL', 'certificate_weak'],
  ['CA_KEY_TOO_SMALL', 'certificate_weak'],
  ['CA_MD_TOO_WEAK', 'certificate_weak'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'certificate_self_signed'],
] satisfies [string, RefusalReason][]);

/** Puts OpenSSL's verify code (the `code` of Node's verify error) into a word of ours; an unknown one refuses as well. */
export function refusalOfOpenSslCode(code: string): RefusalReason {
  return REASONS.get(code) ?? 'certificate_invalid';
}
