import type { RefusalReason } from '@postern/contracts';
import { refusalOfOpenSslCode } from './openssl-code.ts';
import type { PathResult } from './path/path-result.ts';

/** OpenSSL's word on a handshake; `code` as Node names it. */
export type OpenSslVerdict =
  | { readonly good: true }
  | { readonly good: false; readonly code: string; readonly detail: string };

/** Answers that OpenSSL gives to one path where another one would do. It goes up one way and seldom back. */
const ANSWERS_TO_ONE_PATH: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'CERT_CHAIN_TOO_LONG',
  'CA_KEY_TOO_SMALL',
  'CA_MD_TOO_WEAK',
]);

const REMEDY =
  'send the leaf and after it only the intermediates that lead to the trusted CA, each after what it issued; ' +
  'of trusted CAs of one name keep one, or issue certificates with an authorityKeyIdentifier';

/**
 * Puts both judgements of a client together: null where both admit, else why not.
 *
 * Where both refuse, ours is told, which names the certificate. Where OpenSSL alone refuses, the way it took was not the one that is valid
 * (`chain_order`), or it knows a rule that we do not.
 */
export function refusalOfBoth(
  openssl: OpenSslVerdict,
  ours: PathResult,
): { readonly reason: RefusalReason; readonly detail: string } | null {
  if (ours.verdict === 'refuse') return { reason: ours.reason, detail: ours.detail };
  if (openssl.good) return null;
  if (!ANSWERS_TO_ONE_PATH.has(openssl.code)) {
    return { reason: refusalOfOpenSslCode(openssl.code), detail: openssl.detail };
  }
  return { reason: 'chain_order', detail: `OpenSSL: ${openssl.detail}; ${REMEDY}` };
}
