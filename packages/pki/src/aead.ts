import { createCipheriv, createDecipheriv, type KeyObject } from 'node:crypto';

/** Bytes. */
export const AEAD = { key: 32, nonce: 12, tag: 16 } as const;

// Keys are KeyObjects: of plain bytes Node 24 first finds out by an exception that they are none, which takes longer than the cipher.

/** Encrypts with AES-256-GCM; gives ciphertext and tag as one. A (key, nonce) pair must never be used twice. */
export function encryptAead(key: KeyObject, nonce: Buffer, plaintext: Buffer, aad: string): Buffer {
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: AEAD.tag });
  cipher.setAAD(Buffer.from(aad));
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Reverses `encryptAead`; throws when key, nonce, additional data or any byte differs. */
export function decryptAead(key: KeyObject, nonce: Buffer, sealed: Buffer, aad: string): Buffer {
  if (sealed.length < AEAD.tag) throw new Error('too short');
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: AEAD.tag });
  decipher.setAAD(Buffer.from(aad));
  decipher.setAuthTag(sealed.subarray(sealed.length - AEAD.tag));
  return Buffer.concat([decipher.update(sealed.subarray(0, sealed.length - AEAD.tag)), decipher.final()]);
}
