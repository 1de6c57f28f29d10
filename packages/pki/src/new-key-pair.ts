import { createPrivateKey, KeyObject, randomBytes, webcrypto, X509Certificate } from 'node:crypto';

/** What every key made here is for. */
export const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;

/** Makes a P-256 key pair that can be exported. */
export async function newKeyPair(): Promise<webcrypto.CryptoKeyPair> {
  return await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify']);
}

/** Sixteen random bytes in hex, the first of which keeps the number positive and of full length (RFC 5280 section 4.1.2.2). */
export function newSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = 0x40 | ((bytes[0] ?? 0) & 0x3f);
  return bytes.toString('hex');
}

/** A P-256 private key in PEM as Web Crypto signs with it. */
export async function signingKeyOf(keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(keyPem).export({ type: 'pkcs8', format: 'der' });
  return await webcrypto.subtle.importKey('pkcs8', der, ECDSA, false, ['sign']);
}

/** A DER certificate as PEM. */
export function certificatePemOf(der: ArrayBuffer): string {
  return new X509Certificate(Buffer.from(der)).toString();
}

/** A private key as PEM, PKCS #8, unencrypted. */
export function keyPemOf(key: webcrypto.CryptoKey): string {
  return KeyObject.from(key).export({ type: 'pkcs8', format: 'pem' }).toString();
}
