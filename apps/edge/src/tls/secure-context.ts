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

interface SecureContextInput {
  readonly chainPem: string;
  readonly keyPem: string | Buffer;
  /**
   * Anchors that client certificates must lead to; null on hosts that ask for none. Never empty: an absent `ca` means
   * the public roots to Node.
   */
  readonly anchorsPem: readonly string[] | null;
  /** Sessions resume only onto contexts of the same domain; what is demanded of clients must be part of it. */
  readonly sessionDomain: string;
  readonly minVersion: TlsVersion;
}

/**
 * Makes the TLS context of one host. Where a client certificate is demanded nothing can be resumed: no ticket is issued and
 * no session kept, in TLS 1.2 and 1.3. Throws where OpenSSL rejects chain, key or anchors.
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
    minVersion: input.minVersion,
    maxVersion: 'TLSv1.3',
    // Without an id every client that offers a ticket of its own dies with internal_error; OpenSSL allows 32 bytes.
    sessionIdContext: createHash('sha256').update(input.sessionDomain).digest('hex').slice(0, 32),
    secureOptions:
      constants.SSL_OP_NO_RENEGOTIATION |
      constants.SSL_OP_CIPHER_SERVER_PREFERENCE |
      (demanding ? constants.SSL_OP_NO_TICKET : 0),
  });
}
