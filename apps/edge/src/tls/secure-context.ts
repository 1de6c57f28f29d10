import { constants, createHash } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

/** The suites of TLS 1.3, then the AEAD ones with forward secrecy of 1.2; everything else (CBC, RSA key exchange) is off. */
const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

/**
 * Key exchanges, the post-quantum one first where this OpenSSL has it. No finite-field groups: a client can have the edge compute
 * those without computing anything itself (CVE-2002-20001).
 */
const GROUPS = ['X25519MLKEM768', 'X25519', 'P-256', 'P-384', 'P-521'].filter(isKnownGroup).join(':');

/**
 * Signatures of clients. None over SHA-1, and none on curves that NIST gave no name (brainpool): Node 24 dies when it is asked for a leaf
 * on one. In TLS 1.2 it is GROUPS that keeps those out, and so holds every curve that a client's key may be on.
 */
const SIGNATURES = [
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
  'ed25519',
  'ed448',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'rsa_pss_pss_sha256',
  'rsa_pss_pss_sha384',
  'rsa_pss_pss_sha512',
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pkcs1_sha512',
].join(':');

function isKnownGroup(name: string): boolean {
  try {
    // A `ca` of its own, or Node would read all public roots first.
    createSecureContext({ ca: [], ecdhCurve: name });
    return true;
  } catch {
    return false;
  }
}

/** A trust domain: sessions resume only onto contexts of the same words and the same keys. */
export interface SessionScope {
  /** What is demanded of clients must be part of it. */
  readonly domain: string;
  /** 48 bytes as Node wants them, of this domain alone. */
  readonly ticketKeys: Buffer;
}

/** Seconds that a session may be resumed for: RFC 8446 section 4.6.1 allows a week; clients that come back at all do so sooner. */
const SESSION_SECONDS = 7_200;

interface SecureContextInput {
  readonly chainPem: string;
  readonly keyPem: string | Buffer;
  /**
   * Anchors that client certificates must lead to; null on hosts that ask for none. Never empty: an absent `ca` means
   * the public roots to Node.
   */
  readonly anchorsPem: readonly string[] | null;
  /** What sessions of this context may resume under; null: nothing is issued and nothing resumes. */
  readonly sessions: SessionScope | null;
  readonly minVersion: TlsVersion;
}

/**
 * Makes the TLS context of one host. Sessions live in tickets alone, under the keys given; none are kept here, in TLS 1.2 and 1.3.
 * Throws where OpenSSL rejects chain, key or anchors.
 */
export function buildSecureContext(input: SecureContextInput): SecureContext {
  const demanding = input.anchorsPem !== null;
  if (input.anchorsPem?.length === 0) throw new RangeError('a trust bundle has at least one anchor');
  return createSecureContext({
    cert: input.chainPem,
    key: input.keyPem,
    // An own, never undefined `ca` on open hosts too: it is unused there, but must not mean the public roots.
    ca: demanding ? [...(input.anchorsPem ?? [])] : [],
    allowPartialTrustChain: true,
    ciphers: CIPHERS,
    ecdhCurve: GROUPS,
    sigalgs: SIGNATURES,
    minVersion: input.minVersion,
    maxVersion: 'TLSv1.3',
    // Without an id every client that offers a ticket of its own dies with internal_error; OpenSSL allows 32 bytes.
    sessionIdContext: createHash('sha256')
      .update(input.sessions?.domain ?? '')
      .digest('hex')
      .slice(0, 32),
    ...(input.sessions === null ? {} : { ticketKeys: input.sessions.ticketKeys }),
    sessionTimeout: SESSION_SECONDS,
    secureOptions:
      constants.SSL_OP_NO_RENEGOTIATION |
      constants.SSL_OP_CIPHER_SERVER_PREFERENCE |
      (input.sessions === null ? constants.SSL_OP_NO_TICKET : 0),
  });
}
