/** The suite that Postern's edge prefers in TLS 1.3, given to the peers as well: the cost of encryption shall not decide. */
export const TLS_CIPHERS = 'TLS_AES_128_GCM_SHA256';
/** The one that everybody chooses in TLS 1.2. */
export const TLS12_CIPHERS = 'ECDHE-ECDSA-AES128-GCM-SHA256';
